import { REVISION_ZERO, type Report } from '@wscluster/ring';
import { expect, test } from 'vitest';
import { EventLog } from '../events/event-log.ts';
import { GatewayReports } from '../fleet/gateway-reports.ts';
import { logGatewayChanges } from './gateway-changes.ts';

test('moves are told with what clients noticed of them', () => {
  const log = new EventLog();
  const reports = new GatewayReports();
  const take = (moved: number, migrated?: number) => {
    const report: Report = {
      ...{ wire: 1, type: 'report', cluster: 'chat', gateway: 'g', address: 'g:7000', applied: REVISION_ZERO },
      ...{ connectionsByNode: {}, moved, ...(migrated === undefined ? {} : { migrated }) },
    };
    logGatewayChanges(log, reports.statusOf('g'), report);
    reports.report(report, 0);
  };
  take(3);
  take(5);
  take(9, 4);
  take(9, 4);
  take(15, 7);
  expect(log.since(undefined).map(({ message }) => message)).toEqual([
    'gateway g reports',
    'gateway g told 2 clients to reconnect',
    'gateway g migrated 4 clients',
    'gateway g told 3 clients to reconnect and migrated 3 clients',
  ]);
});
