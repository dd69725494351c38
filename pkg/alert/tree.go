package alert

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// branches are the marks of a tree: in front of a process, and in front of those below one.
type branches struct{ last, indent, unknown string }

var (
	drawn = branches{"└─ ", "   ", "…"}
	ascii = branches{"`- ", "   ", "..."}
)

// maxTree bounds the processes of a tree: an indent that runs off the screen shows nothing.
const maxTree = 32

// WriteTree draws how the alert's process came to be, a line a process: the oldest ancestor
// that was seen at the top, launchd where all were seen, and the process itself last. It
// writes nothing where the alert has no process. With plain the branches are of ASCII.
func (a *Alert) WriteTree(w io.Writer, plain bool) error {
	list := a.family()
	if len(list) == 0 {
		return nil
	}
	marks := drawn
	if plain {
		marks = ascii
	}
	var b strings.Builder
	depth := 0
	if list[0].PID != 1 {
		b.WriteString(marks.unknown + " (earlier ancestors were not seen)\n")
		depth = 1
	}
	for i, c := range list {
		if d := depth + i; d > 0 {
			b.WriteString(strings.Repeat(marks.indent, d-1) + marks.last)
		}
		b.WriteString(Printable(c.words()) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// family returns the ancestors that are told of, the oldest first, and the process.
func (a *Alert) family() []Command {
	p := a.Process
	if p == nil {
		return nil
	}
	var up []Command
	if a.Hooksnare != nil && a.Hooksnare.Evidence != nil {
		up = a.Hooksnare.Evidence.Lineage
	}
	if len(up) == 0 && p.Parent != nil {
		up = []Command{p.Parent.command()}
	}
	list := slices.Clone(up[:min(len(up), maxTree-1)])
	slices.Reverse(list)
	return append(list, p.command())
}

func (p *Process) command() Command {
	return Command{PID: p.PID, Executable: p.Executable, CommandLine: p.CommandLine, User: p.User}
}

// words are a process in a line: name, pid, user, and what was run.
func (c *Command) words() string {
	name := c.Executable[strings.LastIndexByte(c.Executable, '/')+1:]
	if name == "" {
		name = "?"
	}
	out := fmt.Sprintf("%s (%d)", name, c.PID)
	if c.User != nil {
		out += " " + c.User.who()
	}
	if run := c.CommandLine; run != "" {
		out += "  " + run
	} else if c.Executable != "" {
		out += "  " + c.Executable
	}
	return out
}
