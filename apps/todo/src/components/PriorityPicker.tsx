import { type Priority, priorities, priorityNames } from '../state/model.js';

/** Four choices in a row, as native radio buttons: arrow keys and readers work as everywhere. */
export function PriorityPicker(props: {
  name: string;
  value: Priority;
  onChange: (priority: Priority) => void;
}) {
  return (
    <fieldset className="segments" data-testid="priority">
      <legend className="sr-only">Priority</legend>
      {priorities.map((priority) => (
        <label key={priority} data-priority={priority}>
          <input
            type="radio"
            name={props.name}
            value={priority}
            checked={props.value === priority}
            onChange={() => props.onChange(priority)}
          />
          <span>
            {priority !== 0 && <i className="swatch" aria-hidden="true" />}
            {priorityNames[priority]}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
