import { durationOption, hostPortOption, mainProgram, type OptionSpecs } from '@wscluster/service';
import { brokerOptions } from '@wscluster/transport';
import { z } from 'zod';

export const controllerOptions = {
  cluster: {
    schema: z.string().min(1).optional(),
    help: 'YAML file of a WsCluster, or a folder with one file per cluster (required, except with --source kubernetes)',
  },
  source: {
    schema: z.enum(['local', 'docker', 'kubernetes']).default('local'),
    help: 'what nodes are: local (processes), docker (containers) or kubernetes (pods, declared by WsCluster resources) (default local)',
  },
  kubeconfig: {
    schema: z.string().min(1).optional(),
    help: 'kubeconfig file (default: the service account of the pod, else KUBECONFIG, else ~/.kube/config)',
  },
  namespace: {
    schema: z.string().min(1).optional(),
    help: 'namespace whose WsClusters to serve (default: all namespaces)',
  },
  leaseNamespace: {
    schema: z.string().min(1).optional(),
    help: 'namespace of the Lease that elects the leader (default: that of the pod or kubeconfig)',
  },
  leaseName: {
    schema: z.string().min(1).default('wscluster-controller'),
    help: 'name of that Lease (default wscluster-controller)',
  },
  gatewayImage: {
    schema: z.string().min(1).optional(),
    help: 'image of the gateways, unless their WsCluster names one (no default)',
  },
  ...brokerOptions,
  dockerHost: {
    schema: z
      .string()
      .regex(/^(unix:\/\/\/|tcp:\/\/)\S+$/, 'must be unix:///path or tcp://host:port')
      .default(process.env.DOCKER_HOST || 'unix:///var/run/docker.sock'),
    help: 'Docker API: unix:///path or tcp://host:port (default DOCKER_HOST, else unix:///var/run/docker.sock)',
  },
  dockerTlsVerify: {
    schema: z.stringbool().default((process.env.DOCKER_TLS_VERIFY ?? '') !== ''),
    help: 'true uses TLS for a tcp Docker API, and verifies it (default: true if DOCKER_TLS_VERIFY is set)',
  },
  dockerCertPath: {
    schema: z
      .string()
      .min(1)
      .optional()
      .transform((path) => path ?? (process.env.DOCKER_CERT_PATH || undefined)),
    help: 'folder with ca.pem, cert.pem and key.pem for TLS with Docker (default DOCKER_CERT_PATH)',
  },
  nacosServers: {
    schema: z
      .string()
      .regex(/^[^\s:/,]+:\d{1,5}(,[^\s:/,]+:\d{1,5})*$/, 'must be host:port, several separated by commas')
      .optional(),
    help: 'Nacos servers for clusters with spec.registry.nacos, host:port separated by commas (no default)',
  },
  nacosApi: {
    schema: z.enum(['auto', 'v1', 'v3']).default('auto'),
    help: 'HTTP API of Nacos: v1 (1.x to 3.1), v3 (3.x) or auto, which asks the server (default auto)',
  },
  nacosScheme: {
    schema: z.enum(['http', 'https']).default('http'),
    help: 'scheme of the Nacos API, http or https (default http)',
  },
  nacosUsername: { schema: z.string().min(1).optional(), help: 'Nacos user, if required' },
  nacosPassword: { schema: z.string().min(1).optional(), help: 'password of the Nacos user' },
  nacosToken: { schema: z.string().min(1).optional(), help: 'Nacos access token, instead of user and password' },
  lockMs: {
    name: 'lockSeconds',
    schema: durationOption.prefault('10'),
    help: 'with Redis: seconds of silence after which a leader is replaced (default 10)',
  },
  stateDir: { schema: z.string().default('.wscluster'), help: 'state folder (default .wscluster)' },
  api: { schema: hostPortOption.prefault('127.0.0.1:7080'), help: 'address of the API (default 127.0.0.1:7080)' },
  apiToken: {
    schema: z.string().min(16).optional(),
    help: 'token of the API, at least 16 characters; required beyond loopback (no default)',
  },
  apiAdvertise: {
    schema: z.url({ protocol: /^https?$/, error: 'must be a URL such as http://controller-1:7080' }).optional(),
    help: 'URL at which other controllers reach this API (default: http:// with its address or the host name)',
  },
  probes: { schema: hostPortOption.prefault(':8081'), help: 'address of probes and metrics (default :8081)' },
  stopNodes: {
    schema: z.stringbool().default(false),
    help: 'true stops the nodes with the controller; false leaves them running (default false)',
  },
  sampleNode: { schema: z.string().default(mainProgram('ws-node')), help: 'program of the sample backend' },
} satisfies OptionSpecs;
