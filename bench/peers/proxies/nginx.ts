import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProxyOptions, type RunningProxy, startProxy } from './proxy.ts';

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** One process without a master: the worker is what is measured. */
export function startNginx({ nodes }: ProxyOptions): Promise<RunningProxy> {
  return startProxy({
    name: 'nginx',
    command: (port, folder) => {
      const file = join(folder, 'nginx.conf');
      writeFileSync(
        file,
        `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 19900; }
http {
  access_log off;
${TEMPORARY.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
  keepalive_requests 1000000000;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream nodes {
    hash $uri consistent;
${nodes.map((node) => `    server 127.0.0.1:${node.port} max_fails=1 fail_timeout=10s;`).join('\n')}
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    tcp_nodelay on;
    location / {
      proxy_pass http://nodes;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_connect_timeout 5s;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`,
      );
      return ['nginx', '-p', folder, '-c', file];
    },
  });
}
