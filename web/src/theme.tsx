import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];
const KEY = "hookwright-theme";
const LABELS: Readonly<Record<Theme, string>> = { auto: "Auto", light: "Light", dark: "Dark" };

function savedTheme(): Theme {
  const saved = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === saved) ?? "auto";
}

/** As the system is, unless somebody chose. */
export function ThemeButton(): JSX.Element {
  const [theme, setTheme] = useState(savedTheme);
  useEffect(() => {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
  return (
    <button
      type="button"
      onClick={() => setTheme(next)}
      aria-label={`Colours: ${LABELS[theme]}. Change to ${LABELS[next]}`}
    >
      {LABELS[theme]}
    </button>
  );
}
