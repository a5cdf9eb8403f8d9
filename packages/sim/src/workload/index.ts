import type { Action } from './Action.js';
import { moveCursor } from './cursors.js';
import { putFleeting } from './fleeting.js';
import { addUp, join, setStock } from './judged.js';
import { addTagAndWait, dropOldest, putAndWait } from './levels.js';
import { likeOrUnlike } from './likes.js';
import { publishNews } from './news.js';
import { askQuestion, putNote, removeNote } from './notes.js';
import { writeAskedPairs, writePairs } from './pairs.js';
import { putRelic } from './relics.js';
import { addTag, takeTag } from './tags.js';
import { putTodo, removeTodo } from './todos.js';

/** Everything users may do. */
export const actions: readonly Action[] = [
  putTodo,
  removeTodo,
  addTag,
  takeTag,
  likeOrUnlike,
  writePairs,
  writeAskedPairs,
  putNote,
  removeNote,
  askQuestion,
  publishNews,
  putAndWait,
  addTagAndWait,
  dropOldest,
  setStock,
  join,
  addUp,
  putFleeting,
  putRelic,
  moveCursor,
];
