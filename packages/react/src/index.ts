export { TopGunProvider, type TopGunProviderProps } from './TopGunProvider.js';
export { useClient } from './useClient.js';
export { type ConnectionView, useConnectionState } from './useConnectionState.js';
export { type MapView, useMap } from './useMap.js';
export { type Mutation, useMutation } from './useMutation.js';
export { type ORMapView, useORMap } from './useORMap.js';
export { type CounterView, usePNCounter } from './usePNCounter.js';
export { type QueryView, useQuery } from './useQuery.js';
export { useTopic } from './useTopic.js';
