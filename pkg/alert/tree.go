package alert

import (
	"fmt"
	"slices"
	"strings"

	"hooksnare/pkg/quote"
)

// maxTree bounds the processes of a tree: beyond it the indent runs off the screen.
const maxTree = 32

// Tree draws the process and its ancestors, a line each: the oldest ancestor that was seen at
// the top, and the process last. It is empty where the alert has no process. With plain the
// branches are ASCII.
func (a *Alert) Tree(plain bool) string {
	list := a.ancestry()
	if len(list) == 0 {
		return ""
	}
	branch, unknown := "└─ ", "…"
	if plain {
		branch, unknown = "`- ", "..."
	}
	var b strings.Builder
	depth := 0
	if list[0].PID != 1 {
		b.WriteString(unknown + " (earlier ancestors were not seen)\n")
		depth = 1
	}
	for _, c := range list {
		if depth > 0 {
			b.WriteString(strings.Repeat("   ", depth-1) + branch)
		}
		b.WriteString(quote.Printable(c.description()) + "\n")
		depth++
	}
	return b.String()
}

// ancestry returns the known ancestors, the oldest first, and the process.
func (a *Alert) ancestry() []Command {
	p := a.Process
	if p == nil {
		return nil
	}
	var ancestors []Command // the parent first
	if a.Hooksnare != nil && a.Hooksnare.Evidence != nil {
		ancestors = a.Hooksnare.Evidence.Lineage
	}
	if len(ancestors) == 0 && p.Parent != nil {
		ancestors = []Command{p.Parent.command()}
	}
	list := slices.Clone(ancestors[:min(len(ancestors), maxTree-1)])
	slices.Reverse(list)
	return append(list, p.command())
}

func (p *Process) command() Command {
	return Command{PID: p.PID, Executable: p.Executable, CommandLine: p.CommandLine, User: p.User}
}

// description is a process in a line: name, pid, user, and what was run.
func (c *Command) description() string {
	name := c.name()
	if name == "" {
		name = "?"
	}
	out := fmt.Sprintf("%s (%d)", name, c.PID)
	if c.User != nil {
		out += " " + c.User.label()
	}
	if run := c.commandLine(); run != "" {
		out += "  " + run
	}
	return out
}
