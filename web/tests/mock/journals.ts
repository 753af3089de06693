/** One journal of users with sixty bookings, and a message of somebody else at its end. */
const LAST = 61;
const AT = "2026-01-02T03:00:00Z";

const booking = (sequence: number) => ({
  sequence,
  subject: `aegis.journal.ledger.account.${sequence % 2}`,
  recordedAt: AT,
  unreadable: null,
  id: `booking-${sequence}`,
  type: "ledger.deposited.v2",
  aggregate: `account.${sequence % 2}`,
  aggregateVersion: Math.ceil(sequence / 2),
  time: AT,
  actor: "user:alice",
  correlationId: null,
  causationId: null,
  size: 30,
  data: { cents: sequence, currency: "CHF" },
});

const foreign = {
  ...booking(LAST),
  unreadable: "the header ce-type is missing or malformed",
  id: null,
  type: null,
  aggregate: null,
  aggregateVersion: null,
  time: null,
  actor: null,
  data: null,
};

const messages = [...Array.from({ length: LAST - 1 }, (_, at) => booking(at + 1)), foreign];

export const journals = {
  journals: () => [
    {
      name: "ledger",
      stream: "AEGIS_JOURNAL_LEDGER",
      events: LAST,
      bytes: LAST * 400,
      lastSequence: LAST,
      firstAt: AT,
      lastAt: AT,
      aggregates: 2,
    },
  ],
  journalEvents: ({ after, first }: { after?: string | null; first: number }) => {
    const rest = messages.filter(({ sequence }) => sequence > Number(after ?? 0));
    const nodes = rest.slice(0, first);
    const last = nodes.at(-1);
    return {
      lastSequence: LAST,
      nodes,
      edges: nodes.map((node) => ({ cursor: String(node.sequence), node })),
      pageInfo: {
        hasPreviousPage: false,
        hasNextPage: rest.length > first,
        startCursor: null,
        endCursor: last ? String(last.sequence) : null,
      },
    };
  },
};
