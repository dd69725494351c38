package agent

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"hooksnare/agent/config"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
)

// Check looks at everything that is configured and returns all that is wrong: values,
// files, places that others can write, rules, and exceptions that have ended, name no rule or hide every hook.
func Check(c config.Config, sources config.Sources, loaded error, now time.Time) (RuleSet, error) {
	set, faults := LoadRules(c, sources)
	faults = errors.Join(loaded, faults, c.CheckFiles(sources), checkPlaces(&c, sources))
	for i := range c.Exceptions {
		faults = errors.Join(faults, checkException(&c.Exceptions[i], set, sources, now))
	}
	return set, faults
}

// Faults takes joined errors apart. One that wraps others in words of its own stays whole.
func Faults(err error) []error {
	if err == nil {
		return nil
	}
	list, joined := err.(interface{ Unwrap() []error })
	if !joined {
		return []error{err}
	}
	var out []error
	for _, e := range list.Unwrap() {
		out = append(out, Faults(e)...)
	}
	return out
}

func checkException(x *config.Exception, set RuleSet, sources config.Sources, now time.Time) error {
	var faults []error
	if x.Expired(now) {
		faults = append(faults, sources.ProblemOf(x, "Expires", fmt.Sprintf("exception %s has ended on %s: remove or renew it", x.ID, x.Expires.Format(time.DateOnly))))
	}
	for _, id := range x.Rules {
		if !slices.ContainsFunc(append(slices.Clone(set.Rules), set.Disabled...), func(r *rules.Rule) bool { return r.ID == id }) {
			faults = append(faults, sources.ProblemOf(x, "Rules", fmt.Sprintf("exception %s: no rule has the id %q", x.ID, id)))
		}
	}
	if x.Require.TeamID != "" {
		faults = append(faults, sources.ProblemOf(x, "Require.TeamID", fmt.Sprintf("exception %s covers nothing: this version can't verify team ids; pin the program's SHA256 instead", x.ID)))
	}
	if tooBroad(x.Where) {
		faults = append(faults, sources.ProblemOf(x, "Where", fmt.Sprintf("exception %s hides every hook, whatever its value: name the values it is for", x.ID)))
	}
	return errors.Join(faults...)
}

// strangers are hooks that no one can have had in mind, one of each kind.
var strangers = []hook.Fact{
	stranger(hook.LoginHook, "/private/tmp/.c0ffee/a b.sh", "/private/var/root/Library/Preferences/com.apple.loginwindow.plist", hook.Root),
	stranger(hook.LogoutHook, "/bin/zsh -c 'id'", "/Library/Preferences/com.apple.loginwindow.plist", hook.System),
	stranger(hook.LoginHook, "x", "/Users/nobody/Library/Preferences/com.apple.loginwindow.plist", hook.User),
}

func stranger(key, value, plist string, scope hook.Scope) hook.Fact {
	return hook.Fact{
		Tool: "defaults", Verb: "write", Operation: hook.Set, Key: key, Value: value, HasValue: true,
		Domain: "com.apple.loginwindow", Plist: plist, Scope: scope, Strict: true,
	}
}

// tooBroad reports whether a condition covers hooks that it can't have been meant for.
func tooBroad(where string) bool {
	m, err := detect.CheckWhere(where)
	if err != nil {
		return false // reported elsewhere
	}
	for i := range strangers {
		p := &event.Process{
			Token: event.Token{PID: 7, Version: 7, AUID: 99, EUID: 99, RUID: 99},
			Image: &event.Image{Executable: "/private/tmp/.c0ffee/defaults", SigningID: "c0ffee"},
			Exec:  &event.Exec{Args: []string{"c0ffee"}, ArgsCount: 1, WorkingDirectory: "/private/tmp/.c0ffee", Time: time.Unix(0, 0)},
		}
		r := detect.Record{Event: &event.Event{Kind: event.ExecKind, Process: p}, Fact: &strangers[i]}
		if m.Match(&r) {
			return true
		}
	}
	return false
}
