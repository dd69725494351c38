package agent

import (
	"fmt"
	"slices"
	"strings"

	"hooksnare/detect/hook"
)

// The words of examples.
var (
	exampleOperations = []string{"set", "remove", "import", "edit", "execute"}
	exampleVerdicts   = []string{"confirmed", "unattributed", "observed"}
	exampleKeys       = []string{hook.LoginHook, hook.LogoutHook, hook.EnableMCX, hook.MCXScriptTrust}
	exampleSinces     = []string{"", "running", "stopped", "first_look"}
	exampleWhats      = []string{"appeared", "vanished", "content", "replaced", "owner", "mode", "writable", "shadowed"}
)

// fault returns what is wrong with an example, "" for nothing.
func (e *example) fault() string {
	for _, look := range [...]func(*example) string{
		(*example).nothing, (*example).commandFault, (*example).stateFault, (*example).hooksFault,
		(*example).changeFault, (*example).programFault, (*example).unreadableFault, (*example).toldFault,
	} {
		if why := look(e); why != "" {
			return why
		}
	}
	return ""
}

// seen names what is seen beside a command.
func (e *example) seen() []string {
	var out []string
	for _, s := range [...]struct {
		name string
		is   bool
	}{{"change", e.Change != nil}, {"program_change", e.ProgramChange != nil}, {"unreadable", e.Unreadable != nil}, {"state", e.State != ""}} {
		if s.is {
			out = append(out, s.name)
		}
	}
	return out
}

func (e *example) nothing() string {
	switch seen := e.seen(); {
	case len(seen) > 1:
		return "more than one of " + strings.Join(seen, ", ")
	case len(seen) == 1 && len(e.Command) > 0 && e.Change == nil:
		return "both a command and " + seen[0]
	case len(seen) == 0 && len(e.Command) == 0:
		return "neither a command nor a change, program_change, unreadable or state"
	case e.Ended && e.State == "" && e.Unreadable == nil:
		return "ended: only a state ends, or that a file is unreadable"
	case e.Ended && e.Fires:
		return "what has ended without having begun is silent"
	}
	return ""
}

func (e *example) commandFault() string {
	of := e.Executable + e.Script + e.Parent + e.SigningID + e.Home + e.CWD
	switch {
	case len(e.Command) == 0 && (of != "" || e.Unsigned || e.UID != 0):
		return "how a command is run, without a command"
	case e.Unsigned && e.SigningID != "":
		return "unsigned, but with a signing_id"
	}
	return ""
}

func (e *example) stateFault() string {
	if e.State != "" && len(e.Hooks) > 0 {
		return "a state has nothing to do with hooks"
	}
	return ""
}

func (e *example) hooksFault() string {
	for i, h := range e.Hooks {
		if h.Value == "" || h.Key != hook.LoginHook && h.Key != hook.LogoutHook {
			return fmt.Sprintf("hooks[%d]: want a value of LoginHook or LogoutHook", i)
		}
	}
	return ""
}

func (e *example) changeFault() string {
	c := e.Change
	switch {
	case c == nil:
		return ""
	case !slices.Contains(exampleKeys, c.Key):
		return fmt.Sprintf("change: key %q: want one of %s", c.Key, strings.Join(exampleKeys, ", "))
	case c.Old == nil && c.New == nil, c.Old != nil && c.New != nil && *c.Old == *c.New:
		return "change: changes nothing"
	case !slices.Contains(exampleSinces, c.Since):
		return fmt.Sprintf("change: since %q: want running, stopped or first_look", c.Since)
	case c.Since == "first_look" && c.Old != nil:
		return "change: nothing is known from before the first look"
	case c.After < 0 || c.After != 0 && len(e.Command) == 0:
		return "change: after: want seconds after a command"
	}
	return ""
}

func (e *example) programFault() string {
	c := e.ProgramChange
	switch {
	case c == nil:
		return ""
	case c.Since == "first_look" || !slices.Contains(exampleSinces, c.Since):
		return fmt.Sprintf("program_change: since %q: want running or stopped", c.Since)
	case c.Value == "" || len(c.What) == 0:
		return "program_change: want a value and what changed"
	case e.Fires && !slices.ContainsFunc(e.Hooks, func(h hookSetBefore) bool { return h.Value == c.Value }):
		return "program_change: no hook has that value"
	}
	for _, w := range c.What {
		if !slices.Contains(exampleWhats, w) {
			return fmt.Sprintf("program_change: what %q: want some of %s", w, strings.Join(exampleWhats, ", "))
		}
	}
	return ""
}

func (e *example) unreadableFault() string {
	if u := e.Unreadable; u != nil && (u.Path == "" || u.Why == "") {
		return "unreadable: want a path and why"
	}
	return ""
}

// toldFault is what is wrong with what an alert is to say.
func (e *example) toldFault() string {
	ofCommand := e.Operation != "" || e.Source != "" || e.SourceFile != ""
	ofHook := e.Key != "" || e.Value != nil || e.Plist != "" || e.Scope != ""
	switch {
	case !e.Fires && (ofCommand || ofHook || e.Verdict != ""):
		return "what is silent says nothing of a hook"
	case !e.Fires:
		return ""
	case e.Change != nil && ofHook:
		return "what an alert says of a change is in the change"
	case e.Change != nil && ofCommand && len(e.Command) == 0:
		return "what a command says, without a command"
	case e.Change != nil && !slices.Contains(exampleVerdicts, e.Verdict):
		return fmt.Sprintf("verdict %q: want confirmed, unattributed or observed", e.Verdict)
	case e.Change == nil && e.Verdict != "":
		return "verdict: only a change has one to choose"
	case len(e.seen()) > 0 && e.Change == nil && (ofCommand || ofHook):
		return e.seen()[0] + " says no more of a hook than what it is"
	case (len(e.seen()) == 0 || ofCommand) && !slices.Contains(exampleOperations, e.Operation):
		return fmt.Sprintf("operation %q: want set, remove, import, edit or execute", e.Operation)
	}
	return ""
}
