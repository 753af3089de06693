import { Download } from "lucide-react";
import { Button } from "@/components/ui/button";
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuTrigger,
} from "@/components/ui/dropdown-menu";
import { saveAs } from "@/shared/lib/save-as";
import { contentOf } from "./content";
import type { Definition } from "./documents";

const forms = {
  yaml: { label: "As YAML", mime: "application/yaml" },
  json: { label: "As JSON", mime: "application/json" },
} as const;

/** The definitions in use as a file, which an import finds unchanged. */
export function ExportMenu({ definitions }: { definitions: readonly Definition[] }) {
  const write = async (form: keyof typeof forms): Promise<void> => {
    // Fetched when somebody wants a file: few do.
    const { writeFile } = await import("./transfer-file");
    const inUse = definitions.filter(({ status }) => status === "ACTIVE");
    const entries = inUse.map((each) => ({ service: each.service, content: contentOf(each) }));
    saveAs(`definitions.${form}`, forms[form].mime, writeFile(entries, form));
  };
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="outline">
          <Download aria-hidden="true" /> Export
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent>
        {(["yaml", "json"] as const).map((form) => (
          <DropdownMenuItem key={form} onSelect={() => void write(form)}>
            {forms[form].label}
          </DropdownMenuItem>
        ))}
      </DropdownMenuContent>
    </DropdownMenu>
  );
}
