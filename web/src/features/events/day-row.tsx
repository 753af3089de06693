/** Where a day begins. */
export function DayRow({ day, index }: { day: string; index: number }) {
  return (
    <tr aria-rowindex={index + 2} className="h-7 border-border border-b bg-background">
      <th scope="rowgroup" colSpan={3} className="px-2 text-left font-semibold text-xs">
        {day}
      </th>
      <td className="@max-[44rem]:hidden" />
      <td />
      <td className="@max-[64rem]:hidden" />
    </tr>
  );
}
