import { useClient } from '@topgun/react';
import { memo, useEffect, useRef, useState } from 'react';
import { CITIES_MAP, type City, type CityRow } from '../state/model.js';

/** Pixels of the picture; four of them to a degree is fine for points of light. */
const WIDTH = 1440;
const SOUTH = -57;
const NORTH = 78;
const HEIGHT = (NORTH - SOUTH) * (WIDTH / 360);

/** While cities stream in, drawing all of them more often would be felt. */
const REDRAW_MS = 1_500;

const x = (lon: number): number => ((lon + 180) / 360) * WIDTH;
const y = (lat: number): number => ((NORTH - lat) / (NORTH - SOUTH)) * HEIGHT;

/** All cities as points, drawn once the device's store is read, and over them those of the page. Decoration: the table says the same. */
export const WorldMap = memo(function WorldMap({ rows }: { rows: readonly CityRow[] }) {
  const client = useClient();
  const base = useRef<HTMLCanvasElement>(null);
  const [isDrawn, setDrawn] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const map = client.getMap<City>(CITIES_MAP);
    const draw = () => {
      timer = undefined;
      if (base.current !== null) drawPoints(base.current, map.entries());
      setDrawn(true);
    };
    // After the first cities are on the screen, and again only while whole countries arrive.
    const later = (keys: ReadonlySet<string>) => {
      if (keys.size > 100) timer ??= setTimeout(draw, REDRAW_MS);
    };
    const end = map.subscribe(later);
    void client.whenReady().then(
      () => {
        timer ??= setTimeout(draw, 50);
      },
      () => undefined, // The client was closed: nothing will be drawn.
    );
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [client]);
  return (
    <div className="world" aria-hidden="true" data-drawn={isDrawn}>
      <canvas ref={base} width={WIDTH} height={HEIGHT} />
      <svg aria-hidden="true" viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
        {rows.map(({ _key, lon, lat, population }) => (
          <circle key={_key} cx={x(lon)} cy={y(lat)} r={4 + Math.sqrt(population) / 500} />
        ))}
      </svg>
    </div>
  );
});

/** One point per city, brighter where many live; alpha only, the colour is that of the canvas. */
function drawPoints(canvas: HTMLCanvasElement, cities: Iterable<readonly [string, City]>): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const image = context.createImageData(WIDTH, HEIGHT);
  const [red, green, blue] = (getComputedStyle(canvas).color.match(/\d+/g) ?? []).map(Number);
  for (const [, { lon, lat, population }] of cities) {
    if (lat <= SOUTH || lat >= NORTH) continue;
    const at = 4 * (Math.floor(y(lat)) * WIDTH + Math.min(WIDTH - 1, Math.floor(x(lon))));
    image.data[at] = red ?? 0;
    image.data[at + 1] = green ?? 0;
    image.data[at + 2] = blue ?? 0;
    image.data[at + 3] = (image.data[at + 3] ?? 0) + 50 + 12 * Math.log10(population + 1);
  }
  context.putImageData(image, 0, 0);
}
