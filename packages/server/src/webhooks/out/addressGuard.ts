import { addressSet, plainAddress } from '../../security/addresses.js';

/**
 * Networks that nobody on the internet has a service in, but the networks of a server do. Sources: the special-purpose registries of IANA for IPv4 and
 * IPv6 (RFC 6890 and its successors). Metadata services of clouds lie in link-local, shared and unique local networks.
 */
const NOT_PUBLIC = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // unspecified, loopback, and IPv4 in IPv6; in the form ::ffff:… it is judged as IPv4
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  // Teredo, ORCHID and others
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

const isNotPublic = addressSet(NOT_PUBLIC);

/** What an address outside may be (HOOK-35). */
export type Reach = 'public' | 'allowed' | 'refused';

/** Judges addresses; `allowed`: networks that may be reached although they are not public. */
export function addressGuard(allowed: readonly string[]): (address: string) => Reach {
  const isAllowed = addressSet(allowed);
  return (address) => {
    // An IPv4 address that comes as IPv6 is reached as what it is; a zone says which card, not which network.
    const plain = plainAddress(address.split('%')[0] ?? '');
    if (isAllowed(plain)) return 'allowed';
    return isNotPublic(plain) ? 'refused' : 'public';
  };
}
