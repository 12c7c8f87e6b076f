import { randomBytes } from 'node:crypto';
import { createMemoryStores } from '../../../src/store/memory/index.ts';
import { createVault } from '../../../src/store/vault.ts';
import { installationContract } from '../../contract/installation-contract.ts';

installationContract(async (now) => createMemoryStores({ now, vault: createVault(randomBytes(32)) }));
