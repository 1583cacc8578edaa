// Writes crds/wsclusters.wscluster.io.yaml, the CustomResourceDefinition, from the schema of a WsCluster.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { customResourceYaml } from '../controller/src/kubernetes/crd/custom-resource.ts';

const file = fileURLToPath(new URL('../crds/wsclusters.wscluster.io.yaml', import.meta.url));
writeFileSync(file, customResourceYaml());
