export { NodeFileAdapter, type NodeFileAdapterOptions } from './file/NodeFileAdapter.js';
