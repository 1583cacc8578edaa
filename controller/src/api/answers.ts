// Generated from docs/openapi.json by `npm run api:types`.
import type { z } from 'zod';

export type Change =
  | {
      /**
       * Number of nodes to add.
       */
      add: number;
    }
  | {
      /**
       * Id of the node to drain.
       */
      remove: string;
    }
  | {
      /**
       * Desired number of managed nodes.
       */
      replicas: number;
    }
  | {
      /**
       * New weights, by node id or ring id.
       */
      weights: {
        [k: string]: number;
      };
    };

/**
 * What the API takes and answers, by name.
 */
export interface ApiSchemas {
  Change: Change;
  Cluster: Cluster;
  ClusterEvent: ClusterEvent;
  ClusterNode: ClusterNode;
  ClusterSpec: ClusterSpec;
  ClusterStatus: ClusterStatus;
  Clusters: Clusters;
  Condition: Condition;
  Created: Created;
  Delivery: Delivery;
  Flow: Flow;
  Gateway: Gateway;
  Gateways: Gateways;
  HotKeys: HotKeys;
  Link: Link;
  LiveState: LiveState;
  Message: Message;
  MoveReason: MoveReason;
  Nodes: Nodes;
  Owner: Owner;
  Plan: Plan;
  Problem: Problem;
  Removal: Removal;
  Revision: Revision;
  Ring: Ring;
  RingMember: RingMember;
  RoutedRequest: RoutedRequest;
  SlotOwner: SlotOwner;
  Unnoticed: Unnoticed;
  Work: Work;
}
export interface Cluster {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    generation: number;
  };
  spec: ClusterSpec;
  status: ClusterStatus;
}
/**
 * Desired state of the cluster.
 */
export interface ClusterSpec {
  /**
   * The nodes: how to create or find them, and how to treat them.
   */
  nodes: {
    /**
     * Desired number of managed nodes. Kubernetes mode: required with template, not allowed with selector. Other modes: default 3, or 0 if you bring the nodes (a selector and no image).
     */
    replicas?: number;
    /**
     * Number of connections at which a node is full: it then takes no more slots while others have room, keeps the slots that it has, and serves their clients. 0: no limit.
     */
    maxConnections: number;
    /**
     * Share of the slots of each node, relative to the other nodes.
     */
    weight: number;
    /**
     * Weights of single places on the ring, by ring id. A node that takes over a place takes over its weight.
     */
    weights: {
      [k: string]: number;
    };
    /**
     * Path at which nodes accept a message for a key: POST <sendPath>?userId=<key>.
     */
    sendPath: string;
    /**
     * Seconds in which a draining node hands over its clients. Its slots leave within 80 % of this time.
     */
    drainSeconds: number;
    /**
     * Gives managed nodes the URLs of RabbitMQ and Redis, so that they can follow the ring. Set it to false to keep these URLs, and the passwords in them, from the nodes.
     */
    followRing: boolean;
    /**
     * Kubernetes mode: pod template of managed nodes, as in a Deployment. A change replaces the nodes one by one, and moves each client only once.
     */
    template?: {
      /**
       * Labels and annotations of the pods.
       */
      metadata?: {
        /**
         * Labels of the pods, in addition to those of wscluster.
         */
        labels?: {
          [k: string]: string;
        };
        /**
         * Annotations of the pods, such as wscluster.io/weight.
         */
        annotations?: {
          [k: string]: string;
        };
        [k: string]: unknown;
      };
      /**
       * Spec of the pods, as in a Deployment.
       */
      spec: {
        /**
         * Containers of the pod. The first one is the node. WSCLUSTER_ variables that it does not set are added to it.
         *
         * @minItems 1
         * @maxItems 32
         */
        containers: {
          /**
           * Name of the container.
           */
          name: string;
          [k: string]: unknown;
        }[];
        [k: string]: unknown;
      };
      [k: string]: unknown;
    };
    /**
     * Local and Docker mode: program and arguments of a managed node. Default: the sample backend, or the image's own. In local mode `{port}` stands for the port that the node must listen on; PORT has it too.
     *
     * @minItems 1
     */
    command?: string[];
    /**
     * Local mode: folder that nodes run in, relative to the folder of the cluster file. Default: the folder of the cluster file.
     */
    workingDirectory?: string;
    /**
     * Local mode: seconds in which a new node must become ready. A node that takes longer is ended and replaced.
     */
    startSeconds: number;
    /**
     * When a node is ready. Default: `auto: true`. A HEALTHCHECK of the container or a readinessProbe of the pod goes first. In Kubernetes mode a template without a readinessProbe gets one; `auto` then checks by TCP.
     */
    readiness?: {
      /**
       * Path that answers a GET with a status below 400 when the node is ready.
       */
      http?: string;
      /**
       * A node is ready when it accepts connections.
       */
      tcp?: true;
      /**
       * An HTTP answer at /readyz decides (below 500: ready). A node that accepts connections but answers no HTTP is ready.
       */
      auto?: true;
    };
    /**
     * Docker mode: image of managed nodes. Without an image the controller starts no nodes.
     */
    image?: string;
    /**
     * Local and Docker mode: environment variables of managed nodes, in addition to those that the controller sets. In local mode `{port}` stands for the port of the node.
     */
    env: {
      [k: string]: string;
    };
    /**
     * Docker and Kubernetes mode: nodes that you start yourself. The controller only watches them.
     */
    selector?: {
      /**
       * Docker and Kubernetes mode: labels that make a container or pod a node. Docker default: wscluster.io/cluster=<name>.
       */
      matchLabels: {
        [k: string]: string;
      };
    };
    /**
     * Docker and Kubernetes mode: port that nodes listen on in their container or pod.
     */
    port: number;
    /**
     * Docker mode: Docker network on which gateways reach the nodes. Required if a container is on several networks.
     */
    network?: string;
    /**
     * Docker mode: what gateways dial: the container's address on the network, or the port that it publishes on its host.
     */
    addressFrom: 'network' | 'publishedPort';
    /**
     * Docker mode: host of published ports. Default: the host of the Docker API, or 127.0.0.1 if that is local.
     */
    publishedHost?: string;
    /**
     * Docker mode: use `readiness: { http: PATH }` instead. Path whose status below 500 makes a container without a HEALTHCHECK ready.
     */
    readinessPath?: string;
  };
  /**
   * The gateways that clients connect to.
   */
  gateway: {
    /**
     * Limits of each gateway. Changes take effect at once, for new connections; idleSeconds, pingSeconds, stallSeconds, maxHeldBytes and maxConnectionSeconds for open ones too.
     */
    limits: {
      /**
       * WebSocket connections of a gateway; beyond them it answers 503. 0: no limit.
       */
      maxConnections: number;
      /**
       * WebSocket connections of a key at a gateway; beyond them it answers 429. 0: no limit.
       */
      maxConnectionsPerKey: number;
      /**
       * WebSocket upgrades a second at a gateway; beyond them it answers 503. 0: no limit.
       */
      maxHandshakesPerSecond: number;
      /**
       * Plain HTTP requests in progress at a gateway; beyond them it answers 503. 0: no limit.
       */
      maxRequests: number;
      /**
       * Plain HTTP requests in progress at one node, which also limits the connections of a gateway to the node for such requests. 0: no limit.
       */
      maxRequestsPerNode: number;
      /**
       * Bytes that wait in a gateway until clients and nodes read them. Beyond this limit, the connections that hold the most are cut, and new connections are refused for the next second. 0: no limit.
       */
      maxHeldBytes: number;
      /**
       * Bytes of a request's header lines; beyond them the gateway answers 431.
       */
      maxHeaderBytes: number;
      /**
       * Header lines of a request; beyond them the gateway answers 431. With those of the gateway, a node gets at most the 1000 that Node.js reads.
       */
      maxHeaderLines: number;
      /**
       * Bytes of path and query; beyond them the gateway answers 414.
       */
      maxPathBytes: number;
      /**
       * Seconds in which a request's head must arrive; after them the gateway answers 408.
       */
      handshakeSeconds: number;
      /**
       * Seconds in which a whole plain HTTP request must arrive, with its body; after them the gateway answers 408. 0: no limit.
       */
      requestSeconds: number;
      /**
       * Seconds for which the body of a plain HTTP request may stop arriving; after them the gateway answers 408. 0: no limit.
       */
      bodySilenceSeconds: number;
      /**
       * Seconds for which a client's connection is kept open for its next plain HTTP request. Set it above the idle timeout of the load balancer in front.
       */
      keepAliveSeconds: number;
      /**
       * Seconds in which a node must answer an upgrade; after them the client gets 504.
       */
      ownerSeconds: number;
      /**
       * Seconds for which the answer to a plain HTTP request may be silent, from the request on; after them the client gets 504, or the answer breaks off. 0: no limit.
       */
      answerSilenceSeconds: number;
      /**
       * The same for an answer of the type text/event-stream, once it has begun. 0: no limit.
       */
      eventStreamSilenceSeconds: number;
      /**
       * A WebSocket is closed with 1001 after this many seconds without a byte in either direction. 0: never.
       */
      idleSeconds: number;
      /**
       * The gateway sends a client a Ping after this many seconds without a byte from it, and cuts it off after two unanswered Pings. 0: no Pings.
       */
      pingSeconds: number;
      /**
       * Age in seconds at which a WebSocket or an event stream is told to reconnect, each at a random 80 to 100 % of it. So gateways that were added get their share. 0: never.
       */
      maxConnectionSeconds: number;
      /**
       * A connection is cut if data has waited for a client or its node for this many seconds and none of it was read. 0: never.
       */
      stallSeconds: number;
    };
    /**
     * Evens out the gateways. If a gateway has over 10 % more connections than the mean, some of its clients are told to reconnect through the load balancer, at the pace of rebalance.maxConnectionsPerSecond, while no slots move.
     */
    rebalance: boolean;
    /**
     * CIDR blocks of the load balancers in front of the gateways. Gateways continue the X-Forwarded-* and Forwarded headers of these, and replace those of everybody else.
     *
     * @maxItems 64
     */
    trustedProxies: string[];
    /**
     * Kubernetes mode: number of gateways. Default: 2 at first; from then on it is yours to scale, for example with a HorizontalPodAutoscaler.
     */
    replicas?: number;
    /**
     * Kubernetes mode: image of the gateways. Default: the image that the controller was started with.
     */
    image?: string;
    /**
     * Kubernetes mode: seconds over which a stopping gateway spreads the Close 1001 to its clients.
     */
    drainSeconds: number;
    /**
     * Kubernetes mode: CPU and memory of each gateway.
     */
    resources: {
      /**
       * Resources that each gateway is guaranteed.
       */
      requests?: {
        [k: string]: number | string;
      };
      /**
       * Resources that each gateway may use at most.
       */
      limits?: {
        [k: string]: number | string;
      };
    };
    /**
     * Kubernetes mode: the Service <name>-gateway, through which clients reach the gateways.
     */
    service: {
      /**
       * How the Service is exposed.
       */
      type: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
      /**
       * Port of the Service.
       */
      port: number;
      /**
       * Port on every machine, for the types NodePort and LoadBalancer. Default: Kubernetes chooses one.
       */
      nodePort?: number;
      /**
       * With Local, clients from outside keep their address, and a machine only serves them if it runs a gateway. For the types NodePort and LoadBalancer. Default: that of Kubernetes, Cluster.
       */
      externalTrafficPolicy?: 'Cluster' | 'Local';
      /**
       * Annotations of the Service, for example for a load balancer.
       */
      annotations: {
        [k: string]: string;
      };
    };
    /**
     * Kubernetes mode: metadata and scheduling of the gateway pods.
     */
    pod: {
      /**
       * Labels of the pods, in addition to those of wscluster.
       */
      labels: {
        [k: string]: string;
      };
      /**
       * Annotations of the pods. They override those of wscluster.
       */
      annotations: {
        [k: string]: string;
      };
      /**
       * Secrets for pulling the image.
       *
       * @maxItems 16
       */
      imagePullSecrets: {
        /**
         * Name of the Secret.
         */
        name: string;
      }[];
      /**
       * PriorityClass of the pods.
       */
      priorityClassName?: string;
      /**
       * Labels that a machine must have to run gateways.
       */
      nodeSelector: {
        [k: string]: string;
      };
      /**
       * Tolerations of the pods.
       *
       * @maxItems 32
       */
      tolerations: {
        [k: string]: unknown;
      }[];
      /**
       * Affinity of the pods. Default: gateways prefer different machines.
       */
      affinity?: {
        [k: string]: unknown;
      };
    };
  };
  /**
   * Which requests are routed, and by which key.
   */
  routing: {
    /**
     * Paths that gateways serve, and where they find the key of a request.
     *
     * @minItems 1
     * @maxItems 64
     */
    routes: {
      /**
       * Tells routes for the same path apart.
       */
      name?: string;
      /**
       * Path of literal segments, {name} for one segment and {name...} for the rest, such as /connect/{userId}.
       */
      path?: string;
      /**
       * Instead of path: this path and all paths below it, such as /app.
       */
      prefix?: string;
      /**
       * The route serves only WebSocket upgrades, or only plain HTTP. Default: both.
       */
      protocol?: 'websocket' | 'http';
      /**
       * The methods that the route serves. GET includes HEAD; OPTIONS is always served. Default: all.
       *
       * @minItems 1
       * @maxItems 16
       */
      methods?: string[];
      /**
       * Where the key of a request is. It cannot change while the route exists.
       */
      key: {
        /**
         * Name of a {placeholder} of the path.
         */
        param?: string;
        /**
         * Name of a query parameter.
         */
        query?: string;
        /**
         * Name of a request header.
         */
        header?: string;
        /**
         * Name of a cookie.
         */
        cookie?: string;
        /**
         * With cookie: a client without the cookie gets one with a random key.
         */
        generate?: {
          /**
           * Seconds for which browsers keep the cookie. Default: until the browser is closed.
           */
          maxAge?: number;
          /**
           * Browsers send the cookie by HTTPS only. Default: false.
           */
          secure?: boolean;
          /**
           * Whether browsers send the cookie with requests from other sites. Default: Lax.
           */
          sameSite?: 'Strict' | 'Lax' | 'None';
        };
        /**
         * The offered WebSocket subprotocol that has the key behind a prefix.
         */
        subprotocol?: {
          /**
           * What the subprotocol begins with; the key is what follows.
           */
          prefix: string;
          /**
           * The node does not see the subprotocol. Default: false.
           */
          remove?: boolean;
        };
        /**
         * The first of these sources that the request has.
         *
         * @minItems 2
         * @maxItems 8
         */
        first?: {
          /**
           * Name of a {placeholder} of the path.
           */
          param?: string;
          /**
           * Name of a query parameter.
           */
          query?: string;
          /**
           * Name of a request header.
           */
          header?: string;
          /**
           * Name of a cookie.
           */
          cookie?: string;
          /**
           * With cookie: a client without the cookie gets one with a random key.
           */
          generate?: {
            /**
             * Seconds for which browsers keep the cookie. Default: until the browser is closed.
             */
            maxAge?: number;
            /**
             * Browsers send the cookie by HTTPS only. Default: false.
             */
            secure?: boolean;
            /**
             * Whether browsers send the cookie with requests from other sites. Default: Lax.
             */
            sameSite?: 'Strict' | 'Lax' | 'None';
          };
          /**
           * The offered WebSocket subprotocol that has the key behind a prefix.
           */
          subprotocol?: {
            /**
             * What the subprotocol begins with; the key is what follows.
             */
            prefix: string;
            /**
             * The node does not see the subprotocol. Default: false.
             */
            remove?: boolean;
          };
        }[];
        /**
         * All of these sources, joined to one key.
         *
         * @minItems 2
         * @maxItems 8
         */
        all?: {
          /**
           * Name of a {placeholder} of the path.
           */
          param?: string;
          /**
           * Name of a query parameter.
           */
          query?: string;
          /**
           * Name of a request header.
           */
          header?: string;
          /**
           * Name of a cookie.
           */
          cookie?: string;
          /**
           * With cookie: a client without the cookie gets one with a random key.
           */
          generate?: {
            /**
             * Seconds for which browsers keep the cookie. Default: until the browser is closed.
             */
            maxAge?: number;
            /**
             * Browsers send the cookie by HTTPS only. Default: false.
             */
            secure?: boolean;
            /**
             * Whether browsers send the cookie with requests from other sites. Default: Lax.
             */
            sameSite?: 'Strict' | 'Lax' | 'None';
          };
          /**
           * The offered WebSocket subprotocol that has the key behind a prefix.
           */
          subprotocol?: {
            /**
             * What the subprotocol begins with; the key is what follows.
             */
            prefix: string;
            /**
             * The node does not see the subprotocol. Default: false.
             */
            remove?: boolean;
          };
        }[];
        /**
         * The request goes to the node of this id or name; there is no key.
         */
        node?: {
          /**
           * Name of a {placeholder} of the path.
           */
          param?: string;
          /**
           * Name of a query parameter.
           */
          query?: string;
          /**
           * Name of a request header.
           */
          header?: string;
        };
        /**
         * There is no key: any ready node serves the request.
         */
        none?: true;
      };
      /**
       * Changes the path for the node.
       */
      rewrite?: {
        /**
         * Literal beginning of the path to replace.
         */
        prefix: string;
        /**
         * What the node gets instead. Default: /, which strips the prefix.
         */
        replacement?: string;
      };
    }[];
  };
  /**
   * How connections move when the owners of their keys change.
   */
  rebalance: {
    /**
     * Connections per second that all gateways together move. 0: no limit.
     */
    maxConnectionsPerSecond: number;
    /**
     * How a WebSocket moves to its new owner. reconnect: its client is told to reconnect. migrate: the gateway keeps the client and switches to the new owner between two messages.
     */
    mode: 'reconnect' | 'migrate';
    /**
     * What happens to the clients of a node that died. close: they are told to reconnect. redial: with mode migrate the gateway keeps them and dials the new owner; messages in flight may be lost.
     */
    onLost: 'close' | 'redial';
    /**
     * Close code that tells a client to reconnect: 1012 (service restart), 1001, 1013, or one of your own from 3000 to 4999.
     */
    closeCode: number;
    /**
     * Seconds within which the clients of a lost node are told to reconnect, spread evenly. A faster maxConnectionsPerSecond shortens them.
     */
    lostSeconds: number;
    /**
     * Seconds for which a plain HTTP request, other than an event stream, may go on at a node that no longer owns its key. Event streams end behind a whole event, at the pace of all moves.
     */
    httpSeconds: number;
    /**
     * What the controller balances over the nodes by their weights. connections: the connections on the slots of each node. slots: only the slots themselves. messages, bytes: the traffic that gateways relay on the connections, in both directions.
     */
    by: 'connections' | 'slots' | 'messages' | 'bytes';
    /**
     * How far a node may be from its share, as a part of the share. A larger tolerance moves fewer connections. Without a change of nodes, connections move only once a node is twice as far from its share.
     */
    tolerance: number;
    /**
     * Seconds for which a node has to be twice the tolerance from its share before connections move for balance alone. Also the half-life of the counts of messages and bytes.
     */
    halfLifeSeconds: number;
    /**
     * Connections that may move for balance alone within an hour. 0: none.
     */
    maxMovesPerHour: number;
    /**
     * When slots move that their owner could also keep. even: at once, with their connections, at the pace of maxConnectionsPerSecond. lazy: once they have no connections. The slots of lost and draining nodes move at once with both.
     */
    strategy: 'even' | 'lazy';
    /**
     * For strategy lazy.
     */
    lazy: {
      /**
       * Seconds after which slots that still have connections also move, as with even.
       */
      maxSeconds: number;
    };
    /**
     * Pauses moves that only improve balance, between nodes and between gateways. The slots of lost and draining nodes still move.
     */
    paused: boolean;
    /**
     * Seconds for which a node may fail its probe before its slots move.
     */
    unreadyGraceSeconds: number;
    /**
     * Seconds for which the place of a lost node, its ring id, is kept for its replacement. Other nodes own its slots meanwhile.
     */
    replacementSeconds: number;
    /**
     * Largest share of the nodes that may be lost at once. If more are lost, the ring stays as it is.
     */
    maxLostShare: number;
  };
  /**
   * Kubernetes mode: the bus that carries rings to the gateways.
   */
  bus?: {
    /**
     * Its URL, from a Secret: amqp://user:password@host:5672/vhost. A new value takes effect without a restart.
     */
    rabbitmq: {
      /**
       * Secret with the URL.
       */
      secretRef: {
        /**
         * Name of the Secret, in the namespace of the WsCluster.
         */
        name: string;
        /**
         * Key of the URL in the Secret.
         */
        key: string;
      };
    };
  };
  /**
   * Kubernetes mode: the store that keeps the rings.
   */
  store?: {
    /**
     * Its URL, from a Secret: redis://user:password@host:6379/0. A new value takes effect without a restart.
     */
    redis: {
      /**
       * Secret with the URL.
       */
      secretRef: {
        /**
         * Name of the Secret, in the namespace of the WsCluster.
         */
        name: string;
        /**
         * Key of the URL in the Secret.
         */
        key: string;
      };
    };
  };
  /**
   * The registry in which other services find the nodes. Default: none.
   */
  registry: {
    /**
     * Registers the nodes in Nacos.
     */
    nacos?: {
      /**
       * Nacos servers, host:port. Default: the servers that the controller was started with.
       *
       * @minItems 1
       * @maxItems 32
       */
      servers?: string[];
      /**
       * Id of the Nacos namespace.
       */
      namespace: string;
      /**
       * Nacos group of the service.
       */
      group: string;
      /**
       * Name of the service. Default: the name of the cluster.
       */
      service?: string;
      /**
       * Nacos cluster of the instances, which is a part of a Nacos service.
       */
      cluster: string;
      /**
       * Kubernetes mode: Secret with the keys username and password, or token. Default: the credentials that the controller was started with.
       */
      secretRef?: {
        /**
         * Name of the Secret, in the namespace of the WsCluster.
         */
        name: string;
      };
    };
  };
}
export interface ClusterStatus {
  observedGeneration: number;
  conditions: Condition[];
  ring: {
    epoch: number;
    version: number;
    members: number;
    digest: string;
  };
  nodes: {
    desired: number;
    ready: number;
    draining: number;
  };
  gateways: {
    ready: number;
    inSync: number;
  };
  connections: number;
}
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  observedGeneration: number;
  lastTransitionTime: string;
}
export interface ClusterEvent {
  type: 'node' | 'ring' | 'release' | 'moves' | 'converged' | 'gateway' | 'condition' | 'spec';
  /**
   * ISO 8601.
   */
  at: string;
  /**
   * For people.
   */
  message: string;
  /**
   * For programs; what is in it depends on the type.
   */
  details: {
    [k: string]: unknown;
  };
}
export interface ClusterNode {
  id: string;
  /**
   * Display name: that of the pod or container, or else the id.
   */
  name: string;
  /**
   * Image of its container.
   */
  image: string | null;
  /**
   * ISO 8601.
   */
  createdAt: string | null;
  address: string | null;
  state: 'starting' | 'ready' | 'unready' | 'draining' | 'restarting';
  managed: boolean;
  ringId: number | null;
  weight: number | null;
  slots: number;
  /**
   * Share of the slots, 0 to 1.
   */
  share: number;
  connections: number;
  /**
   * How many of the connections are event streams. Gateways of an older version do not tell.
   */
  eventStreams: number;
  /**
   * Number of connections at which the node is full; null: no limit.
   */
  maxConnections: number | null;
  drainingSince: string | null;
}
export interface Clusters {
  clusters: {
    name: string;
    /**
     * API of the controller that leads the cluster, if it is another one.
     */
    leader: string | null;
    /**
     * null if no leader can be asked.
     */
    status: ClusterStatus | null;
  }[];
}
export interface Created {
  id: string;
}
export interface Delivery {
  key: string;
  connections: number;
  nodes: string[];
}
export interface Flow {
  before: number;
  after: number;
  gained: number;
  lost: number;
  /**
   * Share of all connections or slots, 0 to 1.
   */
  share: {
    before: number;
    after: number;
  };
}
export interface Gateway {
  id: string;
  address: string;
  applied: Revision;
  inSync: boolean;
  connections: number;
  /**
   * How many of the connections are event streams. Gateways of an older version do not tell.
   */
  eventStreams: number;
  /**
   * Clients that the gateway has moved: told to reconnect, or migrated.
   */
  moved: number;
  /**
   * How many of the moved clients did not notice (rebalance.mode migrate).
   */
  migrated: number;
  secondsSinceReport: number;
}
/**
 * Orders rings: by epoch, then by version.
 */
export interface Revision {
  epoch: number;
  version: number;
}
export interface Gateways {
  gateways: Gateway[];
}
export interface HotKeys {
  /**
   * The keys with the most connections (at least 2 to one gateway), most first.
   */
  keys: {
    key: string;
    connections: number;
  }[];
}
export interface Link {
  name: 'store' | 'bus' | 'registry';
  /**
   * none: not configured.
   */
  state: 'connected' | 'lost' | 'starting' | 'none';
  /**
   * ISO 8601; when this controller saw this state begin.
   */
  since: string;
  /**
   * What is wrong; empty when connected.
   */
  message: string;
}
/**
 * One cluster as it is now.
 */
export interface LiveState {
  name: string;
  status: ClusterStatus;
  spec: {
    routes: {
      /**
       * Tells routes for the same path apart.
       */
      name?: string;
      /**
       * Path of literal segments, {name} for one segment and {name...} for the rest, such as /connect/{userId}.
       */
      path?: string;
      /**
       * Instead of path: this path and all paths below it, such as /app.
       */
      prefix?: string;
      /**
       * The route serves only WebSocket upgrades, or only plain HTTP. Default: both.
       */
      protocol?: 'websocket' | 'http';
      /**
       * The methods that the route serves. GET includes HEAD; OPTIONS is always served. Default: all.
       *
       * @minItems 1
       * @maxItems 16
       */
      methods?: string[];
      /**
       * How WebSockets of this route move to a new owner. Default: rebalance.mode.
       */
      mode?: 'reconnect' | 'migrate';
      /**
       * Changes the path for the node.
       */
      rewrite?: {
        /**
         * Literal beginning of the path to replace.
         */
        prefix: string;
        /**
         * What the node gets instead. Default: /, which strips the prefix.
         */
        replacement?: string;
      };
      key: {
        /**
         * Name of a {placeholder} of the path.
         */
        param?: string;
        /**
         * Name of a query parameter.
         */
        query?: string;
        /**
         * Name of a request header.
         */
        header?: string;
        /**
         * Name of a cookie.
         */
        cookie?: string;
        /**
         * With cookie: a client without the cookie gets one with a random key.
         */
        generate?: {
          /**
           * Seconds for which browsers keep the cookie. Default: until the browser is closed.
           */
          maxAge?: number;
          /**
           * Browsers send the cookie by HTTPS only. Default: false.
           */
          secure?: boolean;
          /**
           * Whether browsers send the cookie with requests from other sites. Default: Lax.
           */
          sameSite?: 'Strict' | 'Lax' | 'None';
        };
        /**
         * The offered WebSocket subprotocol that has the key behind a prefix.
         */
        subprotocol?: {
          /**
           * What the subprotocol begins with; the key is what follows.
           */
          prefix: string;
          /**
           * The node does not see the subprotocol. Default: false.
           */
          remove?: boolean;
        };
        /**
         * The first of these sources that the request has.
         *
         * @minItems 2
         * @maxItems 8
         */
        first?: {
          /**
           * Name of a {placeholder} of the path.
           */
          param?: string;
          /**
           * Name of a query parameter.
           */
          query?: string;
          /**
           * Name of a request header.
           */
          header?: string;
          /**
           * Name of a cookie.
           */
          cookie?: string;
          /**
           * With cookie: a client without the cookie gets one with a random key.
           */
          generate?: {
            /**
             * Seconds for which browsers keep the cookie. Default: until the browser is closed.
             */
            maxAge?: number;
            /**
             * Browsers send the cookie by HTTPS only. Default: false.
             */
            secure?: boolean;
            /**
             * Whether browsers send the cookie with requests from other sites. Default: Lax.
             */
            sameSite?: 'Strict' | 'Lax' | 'None';
          };
          /**
           * The offered WebSocket subprotocol that has the key behind a prefix.
           */
          subprotocol?: {
            /**
             * What the subprotocol begins with; the key is what follows.
             */
            prefix: string;
            /**
             * The node does not see the subprotocol. Default: false.
             */
            remove?: boolean;
          };
        }[];
        /**
         * All of these sources, joined to one key.
         *
         * @minItems 2
         * @maxItems 8
         */
        all?: {
          /**
           * Name of a {placeholder} of the path.
           */
          param?: string;
          /**
           * Name of a query parameter.
           */
          query?: string;
          /**
           * Name of a request header.
           */
          header?: string;
          /**
           * Name of a cookie.
           */
          cookie?: string;
          /**
           * With cookie: a client without the cookie gets one with a random key.
           */
          generate?: {
            /**
             * Seconds for which browsers keep the cookie. Default: until the browser is closed.
             */
            maxAge?: number;
            /**
             * Browsers send the cookie by HTTPS only. Default: false.
             */
            secure?: boolean;
            /**
             * Whether browsers send the cookie with requests from other sites. Default: Lax.
             */
            sameSite?: 'Strict' | 'Lax' | 'None';
          };
          /**
           * The offered WebSocket subprotocol that has the key behind a prefix.
           */
          subprotocol?: {
            /**
             * What the subprotocol begins with; the key is what follows.
             */
            prefix: string;
            /**
             * The node does not see the subprotocol. Default: false.
             */
            remove?: boolean;
          };
        }[];
        /**
         * The request goes to the node of this id or name; there is no key.
         */
        node?: {
          /**
           * Name of a {placeholder} of the path.
           */
          param?: string;
          /**
           * Name of a query parameter.
           */
          query?: string;
          /**
           * Name of a request header.
           */
          header?: string;
        };
        /**
         * There is no key: any ready node serves the request.
         */
        none?: true;
      };
    }[];
    replicas: number;
    paused: boolean;
    maxConnectionsPerSecond: number;
  };
  ring: {
    revision: Revision;
    movableUpTo: Revision;
    digest: string;
    members: RingMember[];
    vacancies: {
      ringId: number;
      nodeId: string;
    }[];
    /**
     * What is left for later steps to move.
     */
    remaining: {
      lost: Work;
      drain: Work;
      balance: Work;
    };
  };
  nodes: ClusterNode[];
  gateways: {
    id: string;
    address: string;
    applied: Revision;
    inSync: boolean;
    connections: number;
    /**
     * How many of the connections are event streams. Gateways of an older version do not tell.
     */
    eventStreams: number;
    /**
     * Clients that the gateway has moved: told to reconnect, or migrated.
     */
    moved: number;
    /**
     * How many of the moved clients did not notice (rebalance.mode migrate).
     */
    migrated: number;
  }[];
  links: Link[];
  /**
   * The last completed change of owners; null before the first.
   */
  convergence: {
    /**
     * ISO 8601; when it had settled.
     */
    at: string;
    /**
     * From the first published step to the last move.
     */
    ms: number;
    /**
     * Clients that gateways moved.
     */
    moved: number;
  } | null;
}
export interface RingMember {
  ringId: number;
  nodeId: string;
  address: string;
  weight: number;
  state: 'ready' | 'unready' | 'draining';
  slots: number;
  /**
   * Share of the slots, 0 to 1.
   */
  share: number;
}
export interface Work {
  slots: number;
  connections: number;
}
export interface Message {
  /**
   * The key as text, not percent-encoded.
   */
  key: string;
  /**
   * Sent to every connection of the key as one text message.
   */
  message: string;
}
export interface MoveReason {
  /**
   * join: to a node that is new. place: to a node that takes the place of one that is lost or leaves. leave: from a node that leaves. weight: a node’s weight changes. balance: to bring the connections of nodes within the tolerance of their shares. underway: they would move without the change, too.
   */
  reason: 'join' | 'place' | 'leave' | 'weight' | 'balance' | 'underway';
  /**
   * Id of the node that joins, leaves or changes its weight; null: none in particular.
   */
  node: string | null;
  /**
   * The reason in words, such as "new-1 joins".
   */
  text: string;
  slots: number;
  connections: number;
}
export interface Nodes {
  nodes: ClusterNode[];
}
export interface Owner {
  ringId: number;
  nodeId: string;
  address: string;
  state: 'ready' | 'unready' | 'draining';
  slot: number;
  /**
   * Connections of all keys on this slot, as last reported.
   */
  connections: number;
  revision: Revision;
  key: string;
}
export interface Plan {
  revision: Revision;
  slots: number;
  connections: number;
  /**
   * Of the cluster. It applies to connections that are opened from now on, unless a route or a request says otherwise.
   */
  mode: 'reconnect' | 'migrate';
  unnoticed: Unnoticed;
  /**
   * How well the connections are known. partly: some gateway is silent. no: some gateway has not reported its connections yet; once it has, other slots may move.
   */
  known: 'all' | 'partly' | 'no';
  /**
   * Why slots move, most connections first.
   */
  reasons: MoveReason[];
  nodes: {
    id: string;
    name: string;
    slots: Flow;
    connections: Flow;
  }[];
}
/**
 * Of these connections the ones whose clients would not notice; the others are told to reconnect.
 */
export interface Unnoticed {
  connections: number;
  /**
   * False: an estimate, by the share of such connections at each node that loses some.
   */
  exact: boolean;
}
/**
 * RFC 9457 problem details. `code` is for programs.
 */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  field?: string;
}
export interface Removal {
  id: string;
  mode: 'drain' | 'kill';
}
export interface Ring {
  revision: Revision;
  movableUpTo: Revision;
  digest: string;
  members: RingMember[];
  vacancies: {
    ringId: number;
    nodeId: string;
  }[];
  /**
   * What is left for later steps to move.
   */
  remaining: {
    lost: Work;
    drain: Work;
    balance: Work;
  };
  /**
   * For each slot, the index of its owner in members; 65535 means none.
   */
  table?: number[];
}
export interface RoutedRequest {
  /**
   * The path or the prefix of the route.
   */
  route: string;
  name: string | null;
  protocol: 'websocket' | 'http';
  /**
   * key: the owner of a key; node: the node that is named; any: any ready node.
   */
  by: 'key' | 'node' | 'any';
  /**
   * Null without a key, and for a client that gets a random one.
   */
  key: string | null;
  /**
   * The client has no key; the gateway makes one and sets it as a cookie.
   */
  generated: boolean;
  slot: number | null;
  /**
   * Null if any ready node may serve the request, or the key is not known yet.
   */
  owner: {
    ringId: number;
    nodeId: string;
    address: string;
    state: 'ready' | 'unready' | 'draining';
  } | null;
  /**
   * Path and query that the node gets.
   */
  url: string;
  revision: Revision;
}
export interface SlotOwner {
  ringId: number;
  nodeId: string;
  address: string;
  state: 'ready' | 'unready' | 'draining';
  slot: number;
  /**
   * Connections of all keys on this slot, as last reported.
   */
  connections: number;
  revision: Revision;
}

/**
 * Structure of the answers that the command line checks, as JSON Schemas, without descriptions and limits, which may
 * change.
 */
export const answerStructures = {
  Clusters: {
    type: 'object',
    properties: {
      clusters: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            leader: { type: ['string', 'null'] },
            status: { anyOf: [{ $ref: '#/$defs/ClusterStatus' }, { type: 'null' }] },
          },
          required: ['name', 'leader', 'status'],
        },
      },
    },
    required: ['clusters'],
  },
  ClusterStatus: {
    type: 'object',
    properties: {
      observedGeneration: { type: 'integer' },
      conditions: { type: 'array', items: { $ref: '#/$defs/Condition' } },
      ring: {
        type: 'object',
        properties: {
          epoch: { type: 'integer' },
          version: { type: 'integer' },
          members: { type: 'integer' },
          digest: { type: 'string' },
        },
        required: ['epoch', 'version', 'members', 'digest'],
      },
      nodes: {
        type: 'object',
        properties: { desired: { type: 'integer' }, ready: { type: 'integer' }, draining: { type: 'integer' } },
        required: ['desired', 'ready', 'draining'],
      },
      gateways: {
        type: 'object',
        properties: { ready: { type: 'integer' }, inSync: { type: 'integer' } },
        required: ['ready', 'inSync'],
      },
      connections: { type: 'integer' },
    },
    required: ['observedGeneration', 'conditions', 'ring', 'nodes', 'gateways', 'connections'],
  },
  Condition: {
    type: 'object',
    properties: {
      type: { type: 'string' },
      status: { type: 'string' },
      reason: { type: 'string' },
      message: { type: 'string' },
      observedGeneration: { type: 'integer' },
      lastTransitionTime: { type: 'string' },
    },
    required: ['type', 'status', 'reason', 'message', 'observedGeneration', 'lastTransitionTime'],
  },
  ClusterEvent: {
    type: 'object',
    properties: {
      type: { type: 'string' },
      at: { type: 'string' },
      message: { type: 'string' },
      details: { type: 'object' },
    },
    required: ['type', 'at', 'message', 'details'],
  },
  Created: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
  Gateways: {
    type: 'object',
    properties: { gateways: { type: 'array', items: { $ref: '#/$defs/Gateway' } } },
    required: ['gateways'],
  },
  Gateway: {
    type: 'object',
    properties: {
      id: { type: 'string' },
      address: { type: 'string' },
      applied: { $ref: '#/$defs/Revision' },
      inSync: { type: 'boolean' },
      connections: { type: 'integer' },
      eventStreams: { type: 'integer' },
      moved: { type: 'integer' },
      migrated: { type: 'integer' },
      secondsSinceReport: { type: 'number' },
    },
    required: [
      'id',
      'address',
      'applied',
      'inSync',
      'connections',
      'eventStreams',
      'moved',
      'migrated',
      'secondsSinceReport',
    ],
  },
  Revision: {
    type: 'object',
    properties: { epoch: { type: 'integer' }, version: { type: 'integer' } },
    required: ['epoch', 'version'],
  },
  Nodes: {
    type: 'object',
    properties: { nodes: { type: 'array', items: { $ref: '#/$defs/ClusterNode' } } },
    required: ['nodes'],
  },
  ClusterNode: {
    type: 'object',
    properties: {
      id: { type: 'string' },
      name: { type: 'string' },
      image: { type: ['string', 'null'] },
      createdAt: { type: ['string', 'null'] },
      address: { type: ['string', 'null'] },
      state: { type: 'string' },
      managed: { type: 'boolean' },
      ringId: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
      weight: { type: ['number', 'null'] },
      slots: { type: 'integer' },
      share: { type: 'number' },
      connections: { type: 'integer' },
      eventStreams: { type: 'integer' },
      maxConnections: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
      drainingSince: { type: ['string', 'null'] },
    },
    required: [
      'id',
      'name',
      'image',
      'createdAt',
      'address',
      'state',
      'managed',
      'ringId',
      'weight',
      'slots',
      'share',
      'connections',
      'eventStreams',
      'maxConnections',
      'drainingSince',
    ],
  },
  Owner: {
    type: 'object',
    properties: {
      ringId: { type: 'integer' },
      nodeId: { type: 'string' },
      address: { type: 'string' },
      state: { type: 'string' },
      slot: { type: 'integer' },
      connections: { type: 'integer' },
      revision: { $ref: '#/$defs/Revision' },
      key: { type: 'string' },
    },
    required: ['ringId', 'nodeId', 'address', 'state', 'slot', 'connections', 'revision', 'key'],
  },
  Plan: {
    type: 'object',
    properties: {
      revision: { $ref: '#/$defs/Revision' },
      slots: { type: 'integer' },
      connections: { type: 'integer' },
      mode: { type: 'string' },
      unnoticed: { $ref: '#/$defs/Unnoticed' },
      known: { type: 'string' },
      reasons: { type: 'array', items: { $ref: '#/$defs/MoveReason' } },
      nodes: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            id: { type: 'string' },
            name: { type: 'string' },
            slots: { $ref: '#/$defs/Flow' },
            connections: { $ref: '#/$defs/Flow' },
          },
          required: ['id', 'name', 'slots', 'connections'],
        },
      },
    },
    required: ['revision', 'slots', 'connections', 'mode', 'unnoticed', 'known', 'reasons', 'nodes'],
  },
  Unnoticed: {
    type: 'object',
    properties: { connections: { type: 'integer' }, exact: { type: 'boolean' } },
    required: ['connections', 'exact'],
  },
  MoveReason: {
    type: 'object',
    properties: {
      reason: { type: 'string' },
      node: { type: ['string', 'null'] },
      text: { type: 'string' },
      slots: { type: 'integer' },
      connections: { type: 'integer' },
    },
    required: ['reason', 'node', 'text', 'slots', 'connections'],
  },
  Flow: {
    type: 'object',
    properties: {
      before: { type: 'integer' },
      after: { type: 'integer' },
      gained: { type: 'integer' },
      lost: { type: 'integer' },
      share: {
        type: 'object',
        properties: { before: { type: 'number' }, after: { type: 'number' } },
        required: ['before', 'after'],
      },
    },
    required: ['before', 'after', 'gained', 'lost', 'share'],
  },
  Problem: {
    type: 'object',
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      code: { type: 'string' },
      field: { type: 'string' },
    },
    required: ['type', 'title', 'status', 'detail', 'code'],
  },
  Ring: {
    type: 'object',
    properties: {
      revision: { $ref: '#/$defs/Revision' },
      movableUpTo: { $ref: '#/$defs/Revision' },
      digest: { type: 'string' },
      members: { type: 'array', items: { $ref: '#/$defs/RingMember' } },
      vacancies: {
        type: 'array',
        items: {
          type: 'object',
          properties: { ringId: { type: 'integer' }, nodeId: { type: 'string' } },
          required: ['ringId', 'nodeId'],
        },
      },
      remaining: {
        type: 'object',
        properties: {
          lost: { $ref: '#/$defs/Work' },
          drain: { $ref: '#/$defs/Work' },
          balance: { $ref: '#/$defs/Work' },
        },
        required: ['lost', 'drain', 'balance'],
      },
      table: { type: 'array', items: { type: 'integer' } },
    },
    required: ['revision', 'movableUpTo', 'digest', 'members', 'vacancies', 'remaining'],
  },
  RingMember: {
    type: 'object',
    properties: {
      ringId: { type: 'integer' },
      nodeId: { type: 'string' },
      address: { type: 'string' },
      weight: { type: 'number' },
      state: { type: 'string' },
      slots: { type: 'integer' },
      share: { type: 'number' },
    },
    required: ['ringId', 'nodeId', 'address', 'weight', 'state', 'slots', 'share'],
  },
  Work: {
    type: 'object',
    properties: { slots: { type: 'integer' }, connections: { type: 'integer' } },
    required: ['slots', 'connections'],
  },
  RoutedRequest: {
    type: 'object',
    properties: {
      route: { type: 'string' },
      name: { type: ['string', 'null'] },
      protocol: { type: 'string' },
      by: { type: 'string' },
      key: { type: ['string', 'null'] },
      generated: { type: 'boolean' },
      slot: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
      owner: {
        anyOf: [
          {
            type: 'object',
            properties: {
              ringId: { type: 'integer' },
              nodeId: { type: 'string' },
              address: { type: 'string' },
              state: { type: 'string' },
            },
            required: ['ringId', 'nodeId', 'address', 'state'],
          },
          { type: 'null' },
        ],
      },
      url: { type: 'string' },
      revision: { $ref: '#/$defs/Revision' },
    },
    required: ['route', 'name', 'protocol', 'by', 'key', 'generated', 'slot', 'owner', 'url', 'revision'],
  },
} satisfies Record<string, z.core.JSONSchema.JSONSchema>;
