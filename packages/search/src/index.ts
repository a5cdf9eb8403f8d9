export { type ExplainedSearch, explainText } from './explainText.js';
export { miniSearchIndex } from './MiniSearchIndex.js';
