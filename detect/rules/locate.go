package rules

import "strings"

// place is where a key stands in a file, and where the text of its value begins.
type place struct {
	line       int // from 1
	textLine   int
	textColumn int // of the first character of the text's first line, from 0
}

// locate finds the lines of the keys of a TOML text that is known to be right. It knows
// tables, plain keys and multi-line strings, which is all that error messages need; a
// key it does not see has no line.
func locate(text string) map[string]place {
	out := map[string]place{}
	table, until := "", ""
	for n, line := range strings.Split(text, "\n") {
		if until != "" {
			if strings.Contains(line, until) {
				until = ""
			}
			continue
		}
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "[") && !strings.Contains(trimmed, "=") {
			table = strings.Trim(strings.SplitN(trimmed, "#", 2)[0], "[] \t")
			note(out, table, place{line: n + 1})
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(trimmed, "#") {
			continue
		}
		name := strings.Trim(strings.TrimSpace(key), `"'`)
		if table != "" {
			name = table + "." + name
		}
		lead := len(key) + 1 + len(value) - len(strings.TrimLeft(value, " \t"))
		value = strings.TrimSpace(value)
		p := place{line: n + 1, textLine: n + 1, textColumn: lead + 1}
		for _, quote := range [...]string{`'''`, `"""`} {
			rest, multi := strings.CutPrefix(value, quote)
			if !multi {
				continue
			}
			if p.textColumn = lead + 3; rest == "" {
				p.textLine, p.textColumn = n+2, 0 // TOML drops a line break right after the quotes
			}
			if !strings.Contains(rest, quote) {
				until = quote
			}
		}
		note(out, name, p)
	}
	return out
}

// note keeps the first place of a key.
func note(out map[string]place, name string, p place) {
	if _, seen := out[name]; !seen {
		out[name] = p
	}
}
