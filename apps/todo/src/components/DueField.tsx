/** A calendar day, by the browser's own picker; empty means no due day. */
export function DueField({ value, onChange }: { value: string; onChange: (due: string) => void }) {
  return (
    <label className="due-field" data-empty={value === ''}>
      <span className="sr-only">Due date</span>
      <input type="date" value={value} data-testid="due" onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}
