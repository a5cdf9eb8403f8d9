export { miniSearchIndex } from './MiniSearchIndex.js';
