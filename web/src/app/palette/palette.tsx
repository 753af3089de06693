import { Command } from "cmdk";
import { Box, Crown, type LucideIcon, Server } from "lucide-react";
import { useEffect, useState } from "react";
import { useNavigate } from "react-router";
import { Dialog } from "@/components/ui/dialog";
import { useQuery } from "@/shared/graphql/use-query";
import { words } from "@/shared/status/status";
import { groupPath, instancePath, servicePath, useKeeping } from "@/shared/url/links";
import { places } from "../rooms";
import { useActions } from "./actions";
import { PaletteSearch } from "./documents";

const REST_MS = 120;

/** Goes to any room, service, instance or group by its name, and does what can be done from everywhere. */
export default function Palette({ onClose, onSheet }: { onClose: () => void; onSheet: () => void }) {
  const [text, setText] = useState("");
  const [asked, setAsked] = useState("");
  const navigate = useNavigate();
  const keeping = useKeeping();
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const { data, error } = useQuery(PaletteSearch, { text: asked });
  const instances = data?.instances.nodes ?? [];
  const services = [...new Set(instances.map((each) => each.service))];
  const needle = text.trim().toLowerCase();
  const go = (to: string): void => {
    onClose();
    void navigate(keeping(to));
  };
  const screens = places.filter(({ label }) => label.toLowerCase().includes(needle));
  const actions = useActions({ go, onSheet }).filter(({ label }) => label.toLowerCase().includes(needle));
  const groups = needle === "" ? [] : (data?.leaders.nodes ?? []);
  return (
    <Dialog title="Go to" onClose={onClose}>
      <Command shouldFilter={false} label="Go to" className="-m-4 flex flex-col">
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="Screen, service or instance"
          className="h-10 w-full border-border border-b bg-card px-4 -outline-offset-2"
        />
        <Command.List className="max-h-96 overflow-auto p-2">
          {error && <p className="p-2 text-bad">{error.message}</p>}
          <Command.Empty className="p-2 text-muted-foreground">Nothing has this name.</Command.Empty>
          {screens.length > 0 && (
            <Heading title="Screens">
              {screens.map(({ to, label, icon }) => (
                <Item key={to} value={`room ${to}`} icon={icon} label={label} onSelect={() => go(to)} />
              ))}
            </Heading>
          )}
          {services.length > 0 && (
            <Heading title="Services">
              {services.map((service) => (
                <Item
                  key={service}
                  value={`service ${service}`}
                  icon={Box}
                  label={service}
                  onSelect={() => go(servicePath(service))}
                />
              ))}
            </Heading>
          )}
          {instances.length > 0 && (
            <Heading title="Instances">
              {instances.map((each) => (
                <Item
                  key={each.id}
                  value={`instance ${each.id}`}
                  icon={Server}
                  label={each.instance}
                  note={`${each.service} · ${words[each.status].toLowerCase()}`}
                  onSelect={() => go(instancePath(each.service, each.instance))}
                />
              ))}
            </Heading>
          )}
          {groups.length > 0 && (
            <Heading title="Groups">
              {groups.map(({ id, service, group, instance }) => (
                <Item
                  key={id}
                  value={`group ${id}`}
                  icon={Crown}
                  label={group}
                  note={`${service} · ${instance ?? "no owner"}`}
                  onSelect={() => go(groupPath(service, group))}
                />
              ))}
            </Heading>
          )}
          {actions.length > 0 && (
            <Heading title="Actions">
              {actions.map(({ label, icon, lock, run }) => (
                <Item
                  key={label}
                  value={`action ${label}`}
                  icon={icon}
                  label={label}
                  {...(lock !== null && { note: lock })}
                  disabled={lock !== null}
                  onSelect={() => {
                    onClose();
                    run();
                  }}
                />
              ))}
            </Heading>
          )}
        </Command.List>
      </Command>
    </Dialog>
  );
}

function Heading({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Command.Group
      heading={title}
      className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-muted-foreground [&_[cmdk-group-heading]]:text-xs"
    >
      {children}
    </Command.Group>
  );
}

interface ItemProps {
  value: string;
  icon: LucideIcon;
  label: string;
  note?: string;
  disabled?: boolean;
  onSelect: () => void;
}

function Item({ value, icon: Icon, label, note, disabled = false, onSelect }: ItemProps) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      disabled={disabled}
      className="flex h-7 cursor-pointer items-center gap-2 rounded-sm px-2 data-[disabled=true]:cursor-not-allowed data-[selected=true]:bg-selected data-[disabled=true]:text-muted-foreground"
    >
      <Icon aria-hidden="true" className="size-3.5 text-muted-foreground" />
      {label}
      {note && <span className="ml-auto text-muted-foreground text-xs">{note}</span>}
    </Command.Item>
  );
}
