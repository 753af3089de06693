/** What an actor is called; where there is no room its beginning goes, and what tells instances apart stays. */
export function ActorText({ actor }: { actor: string }) {
  const dot = actor.lastIndexOf(".") + 1;
  if (dot === 0) return actor;
  return (
    <span className="flex">
      <span className="min-w-8 shrink truncate">{actor.slice(0, dot)}</span>
      <span className="max-w-full shrink-0 truncate">{actor.slice(dot)}</span>
    </span>
  );
}
