import { durationOption, hostPortOption, mainProgram, type OptionSpecs } from '@wscluster/service';
import { brokerOptions } from '@wscluster/transport';
import { z } from 'zod';

export const controllerOptions = {
  cluster: {
    schema: z.string().min(1).optional(),
    help: 'YAML file of a WsCluster, or a folder of such files, one for each cluster (required but with --source kubernetes)',
  },
  source: {
    schema: z.enum(['local', 'docker', 'kubernetes']).default('local'),
    help: 'where the nodes are: local processes, docker containers, or kubernetes, where WsCluster resources declare them (default local)',
  },
  kubeconfig: {
    schema: z.string().min(1).optional(),
    help: 'kubeconfig file (default: the service account of the pod, else KUBECONFIG, else ~/.kube/config)',
  },
  namespace: {
    schema: z.string().min(1).optional(),
    help: 'namespace whose WsClusters are served (default: all namespaces)',
  },
  leaseNamespace: {
    schema: z.string().min(1).optional(),
    help: 'namespace of the Lease by which controllers elect a leader (default: that of the pod or kubeconfig)',
  },
  leaseName: {
    schema: z.string().min(1).default('wscluster-controller'),
    help: 'its name (default wscluster-controller)',
  },
  gatewayImage: {
    schema: z.string().min(1).optional(),
    help: 'image of gateways whose WsCluster names none (no default)',
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
    help: 'true speaks TLS with a tcp Docker API and verifies it (default: true if DOCKER_TLS_VERIFY is set)',
  },
  dockerCertPath: {
    schema: z
      .string()
      .min(1)
      .optional()
      .transform((path) => path ?? (process.env.DOCKER_CERT_PATH || undefined)),
    help: 'folder with ca.pem, cert.pem and key.pem for that (default DOCKER_CERT_PATH)',
  },
  nacosServers: {
    schema: z
      .string()
      .regex(/^[^\s:/,]+:\d{1,5}(,[^\s:/,]+:\d{1,5})*$/, 'must be host:port, several with commas')
      .optional(),
    help: 'Nacos servers, host:port with commas, for clusters with spec.registry.nacos (no default)',
  },
  nacosApi: {
    schema: z.enum(['auto', 'v1', 'v3']).default('auto'),
    help: 'HTTP API of Nacos: v1 (1.x to 3.1), v3 (3.x), or auto, which asks the server (default auto)',
  },
  nacosScheme: { schema: z.enum(['http', 'https']).default('http'), help: 'http or https (default http)' },
  nacosUsername: { schema: z.string().min(1).optional(), help: 'user of Nacos, if it asks for one' },
  nacosPassword: { schema: z.string().min(1).optional(), help: 'password of that user' },
  nacosToken: { schema: z.string().min(1).optional(), help: 'access token of Nacos, instead of user and password' },
  lockMs: {
    name: 'lockSeconds',
    schema: durationOption.prefault('10'),
    help: 'with Redis: a leader that is silent for so long is replaced; seconds (default 10)',
  },
  stateDir: { schema: z.string().default('.wscluster'), help: 'folder of all state (default .wscluster)' },
  api: { schema: hostPortOption.prefault('127.0.0.1:7080'), help: 'address of the API (default 127.0.0.1:7080)' },
  apiToken: { schema: z.string().min(16).optional(), help: 'token of the API; required beyond loopback' },
  apiAdvertise: {
    schema: z.url({ protocol: /^https?$/, error: 'must be a URL such as http://controller-1:7080' }).optional(),
    help: 'URL by which other controllers reach this API (default http:// and its address, or the host name)',
  },
  probes: { schema: hostPortOption.prefault(':8081'), help: 'address of probes and metrics (default :8081)' },
  stopNodes: {
    schema: z.stringbool().default(false),
    help: 'true ends the nodes with the controller; else they go on (default false)',
  },
  sampleNode: { schema: z.string().default(mainProgram('ws-node')), help: 'program of the sample backend' },
} satisfies OptionSpecs;
