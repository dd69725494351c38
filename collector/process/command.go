package process

import (
	"strings"
	"unicode/utf8"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

// Bounds of what is kept of one process, in bytes and words. A rule sees all of a
// command; what stays in memory for children and evidence is this much.
const (
	keptBytes = 2048     // all arguments; all of the environment; a folder or a file
	keptWords = 128      // arguments; entries of the environment
	keptPath  = 16 << 10 // an executable: Endpoint Security cuts longer ones; a shorter bound would hide its name
	keptWord  = 1024     // an identifier, a terminal
)

// exec returns the command of an exec message, whole and as much as is kept of it; they
// are the same where that is all.
func (c *cache) exec(m *eslogger.Message) (full, kept *event.Exec) {
	full = &event.Exec{
		Args: words(m.Args), ArgsCount: len(m.Args), Env: words(m.Env),
		WorkingDirectory: c.string(m.WorkingDirectory), Script: c.string(m.Script), DyldPath: c.string(m.DyldPath),
		Time: m.Time,
	}
	args, cutArgs := clip(m.Args)
	env, cutEnv := clip(m.Env)
	if !cutArgs && !cutEnv && max(len(m.WorkingDirectory), len(m.Script), len(m.DyldPath)) <= keptBytes {
		return full, full
	}
	kept = &event.Exec{
		Args: words(args), ArgsCount: len(m.Args), Env: words(env),
		WorkingDirectory: c.string(head(m.WorkingDirectory, keptBytes)),
		Script:           c.string(head(m.Script, keptBytes)),
		DyldPath:         c.string(head(m.DyldPath, keptBytes)),
		Time:             m.Time,
	}
	return full, kept
}

// words copies words into strings that share one allocation.
func words(list [][]byte) []string {
	if len(list) == 0 {
		return nil
	}
	n := 0
	for _, w := range list {
		n += len(w)
	}
	var all strings.Builder
	all.Grow(n)
	for _, w := range list {
		all.Write(w)
	}
	text, out := all.String(), make([]string, len(list))
	for i, w := range list {
		out[i], text = text[:len(w)], text[len(w):]
	}
	return out
}

// clip returns the first words within the bounds, the last of them perhaps in part.
func clip(list [][]byte) (kept [][]byte, isCut bool) {
	room := keptBytes
	for i, w := range list {
		if i == keptWords {
			return list[:i], true
		}
		if len(w) > room {
			kept = append(kept, list[:i]...)
			if part := head(w, room); len(part) > 0 {
				kept = append(kept, part)
			}
			return kept, true
		}
		room -= len(w)
	}
	return list, false
}

// head returns at most n bytes of a text, and no part of a character.
func head(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	end := n
	for i := 0; i < utf8.UTFMax && end > 0; i++ {
		if utf8.RuneStart(b[end]) {
			return b[:end]
		}
		end--
	}
	return b[:n] // not UTF-8: any cut will do
}
