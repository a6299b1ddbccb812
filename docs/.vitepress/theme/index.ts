// Without the fonts that the default theme brings: the system's own load nothing.
import theme from "vitepress/theme-without-fonts";
// oxlint-disable-next-line import/no-unassigned-import -- the bundler puts it into the page
import "./style.css";

export default theme;
