import { plural } from "@/shared/figures/format";
import { sentence } from "@/shared/ui/states";
import type { Facts } from "./documents";

export type Severity = "bad" | "warn" | "info";

/** One thing that keeps the system from being what it should be. */
export interface Finding {
  /** Stays the same for good, so that it can be looked up and talked about. */
  id: string;
  severity: Severity;
  title: string;
  evidence: string;
  /** Null where the server does not tell. */
  since: string | null;
  remedy: string;
}

/** Events behind at which the page says that it shows the past. */
export const LAG_LIMIT = 500;

const severities: Record<Severity, number> = { bad: 0, warn: 1, info: 2 };

interface Known {
  severity: Severity;
  title: string;
  remedy: string;
}

/** Problems by the code that the server has for them. Its message says what to do, too. */
const problems: Record<string, Known> = {
  HISTORY_REPLACED: {
    severity: "bad",
    title: "The log has another history",
    remedy: "Wait: it is read anew. If that was not meant, stop whoever put the log back.",
  },
  UNWRITABLE: {
    severity: "bad",
    title: "The file of the replica cannot be written",
    remedy: "Make room on its disk, or mend its rights.",
  },
  DEAD_LETTERS_UNWRITABLE: {
    severity: "bad",
    title: "Dead letters cannot be written",
    remedy: "See to the stream of dead letters, and that it takes more.",
  },
  LOG_GAP: {
    severity: "bad",
    title: "The log has lost messages",
    remedy:
      "Put the log back from a copy, or live with what is missing: it is named in every answer of the past.",
  },
  PARTLY_READ: {
    severity: "warn",
    title: "Newer versions have written what is not known here",
    remedy: "Bring this replica to the same version.",
  },
  TOO_MANY_INSTANCES: {
    severity: "warn",
    title: "More instances than figures are kept of",
    remedy: "Forget ended instances, or raise the bound of the configuration.",
  },
  UNREADABLE_RECORD: {
    severity: "warn",
    title: "A record cannot be read",
    remedy: "See the message for which; it is left out until it is mended.",
  },
  UNREADABLE: {
    severity: "bad",
    title: "A whole part cannot be read",
    remedy: "See the message for which, and the log of the process.",
  },
};

function ofProblems(facts: Facts): Finding[] {
  return facts.problems.map(({ part, code, message, since }) => {
    const known = problems[code] ?? {
      severity: "bad" as const,
      title: code,
      remedy: "The message says what to do.",
    };
    return { id: `${part}/${code}`, ...known, evidence: sentence(message), since };
  });
}

function ofFacts(facts: Facts): Finding[] {
  const found: Finding[] = [];
  if (!facts.natsConnected) {
    found.push({
      id: "nats/NOT_ANSWERING",
      severity: "bad",
      title: "NATS does not answer",
      evidence: "No message went there and back within a second.",
      since: null,
      remedy: "See to the servers of NATS and the way there. Nothing new arrives until then.",
    });
  }
  if (facts.natsConnected && !facts.heartbeatsVisible) {
    found.push({
      id: "heartbeats/NOT_VISIBLE",
      severity: "bad",
      title: "The heartbeats cannot be read",
      evidence: "This replica marks nobody meanwhile.",
      since: facts.newestBeatAt,
      remedy: "See to the heartbeat stream and the rights of the control plane on it.",
    });
  }
  if (facts.selfPreservation) {
    const { silent, alive, since } = facts.selfPreservation;
    found.push({
      id: "heartbeats/SELF_PRESERVATION",
      severity: "bad",
      title: "Most instances fell silent at once",
      evidence: `${silent} of ${plural(Number(alive), "instance")} were silent; none is marked down.`,
      since,
      remedy: "See to the network between them and NATS. It ends by itself once enough are heard.",
    });
  }
  if (facts.projectionLag > LAG_LIMIT) {
    found.push({
      id: "projection/BEHIND",
      severity: "warn",
      title: "The page shows the past",
      evidence: `${plural(Number(facts.projectionLag), "event")} of the log are not applied yet.`,
      since: null,
      remedy: "Wait; if it grows, give the replica more processor or a faster disk.",
    });
  }
  if (facts.rebuilding) {
    found.push({
      id: "projection/REBUILDING",
      severity: "info",
      title: "The projection is being rebuilt",
      evidence: `At sequence ${facts.rebuildSequence ?? 0} of ${facts.headSequence}.`,
      since: null,
      remedy: "Wait: the present one serves meanwhile.",
    });
  }
  if (facts.deadLetters > 0) {
    found.push({
      id: "messages/DEAD_LETTERS",
      severity: "warn",
      title: "Messages wait for a decision",
      evidence: `${plural(Number(facts.deadLetters), "dead letter")}.`,
      since: null,
      remedy: "Redrive or discard them under Dead letters; they stand for 30 days.",
    });
  }
  return found;
}

/** The worst first, then by id. */
export const bySeverity = (a: Finding, b: Finding): number =>
  severities[a.severity] - severities[b.severity] || a.id.localeCompare(b.id);

/** All that this replica knows to be wrong, the worst first. */
export const findingsOf = (facts: Facts): Finding[] =>
  [...ofProblems(facts), ...ofFacts(facts)].sort(bySeverity);
