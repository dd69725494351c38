package agent

import "unicode/utf8"

// Bounds of text from outside in one alert, in bytes. A whole alert stays below what
// collectors take as one event.
const (
	textBytes     = 4 << 10  // a path, a value
	argsBytes     = 16 << 10 // all arguments
	argsWords     = 512
	evidenceBytes = 512 // a command line of the evidence
)

// clip cuts a text at its bound.
func clip(s string) string { return clipTo(s, textBytes) }

func clipTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// bounded returns as many arguments as an alert holds, and how many bytes it left out.
func bounded(args []string) (kept []string, cut int) {
	room := argsBytes
	for i, arg := range args {
		if i == argsWords || len(arg) > room {
			for _, rest := range args[i:] {
				cut += len(rest)
			}
			if i < argsWords && room > 0 {
				short := clipTo(arg, room)
				kept, cut = append(kept, short), cut-len(short)
			}
			return kept, max(cut, 1)
		}
		kept, room = append(kept, arg), room-len(arg)
	}
	return kept, 0
}
