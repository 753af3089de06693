import { Contrast, Monitor, Moon, Sun } from "lucide-react";
import { Button } from "@/components/ui/button";
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from "@/components/ui/dropdown-menu";
import { type Density, densities, densityNames, useDensity } from "@/shared/density/density";
import { type Theme, themeNames, themes, useTheme } from "@/shared/theme/theme";

const icons = { system: Monitor, light: Sun, dark: Moon, contrast: Contrast };

export function ThemeMenu() {
  const { theme, choose } = useTheme();
  const { density, choose: space } = useDensity();
  const Icon = icons[theme];
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          variant="ghost"
          size="icon"
          aria-label={`Theme: ${themeNames[theme]}`}
          title="Theme and density"
        >
          <Icon aria-hidden="true" />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent>
        <DropdownMenuRadioGroup value={theme} onValueChange={(value) => choose(value as Theme)}>
          {themes.map((each) => (
            <DropdownMenuRadioItem key={each} value={each}>
              {themeNames[each]}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
        <DropdownMenuSeparator />
        <DropdownMenuRadioGroup value={density} onValueChange={(value) => space(value as Density)}>
          {densities.map((each) => (
            <DropdownMenuRadioItem key={each} value={each}>
              {densityNames[each]}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
      </DropdownMenuContent>
    </DropdownMenu>
  );
}
