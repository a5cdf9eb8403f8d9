import { TestDatabases } from '../../storage/postgres/testing/testDatabases.js';
import { type BusHarness, describeBus, describeJoinedBuses } from '../testing/describeBus.js';
import { JoinedLinks } from './testing/JoinedLinks.js';

const databases = TestDatabases.use();
const harness = async (): Promise<BusHarness> => new JoinedLinks(databases.fresh());

describeBus('LinkBus', harness);
describeJoinedBuses('LinkBus', harness);
