// Package checkup finds what is wrong: with the configuration, with what the agent needs, and, by
// setting a harmless hook, with the delivery of alerts.
package checkup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/program"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
	"hooksnare/pkg/quote"
	"hooksnare/pkg/safefile"
)

// Place is where a configuration that is checked is meant to be in force.
type Place int

// The places. What only the Mac itself has, such as tokens, folders, rules and users, is not looked
// at for another one.
const (
	ThisMac Place = iota
	AnotherMac
)

// Check returns all that is wrong with what is configured: values, files, folders that others can
// write, rules, a program to run that is missing, and exceptions that have expired, name no rule or no
// user, or hide every hook. loaded is the error of loading the configuration.
func Check(c config.Config, sources config.Sources, loaded error, now time.Time, place Place) (ruleset.Set, error) {
	unseenRules := place == AnotherMac && sources.ByFile("RuleDirectories")
	if unseenRules {
		c.RuleDirectories = nil
	}
	set, faults := ruleset.Load(c, sources)
	if unseenRules {
		faults = withoutDisabled(faults)
	}
	faults = errors.Join(loaded, faults)
	if place == ThisMac {
		faults = errors.Join(faults, c.CheckFiles(sources), checkFolders(&c, sources), checkOwners(&c, sources))
	}
	for i := range c.Exceptions {
		x := c.Exceptions[i]
		if unseenRules {
			x.Rules = nil
		}
		faults = errors.Join(faults, checkException(&x, set, sources, now))
	}
	return set, faults
}

// withoutDisabled leaves out what is wrong with DisabledRules: the rules may be in folders that were
// not looked at.
func withoutDisabled(faults error) (others error) {
	for _, fault := range config.Faults(faults) {
		if e, ok := errors.AsType[*config.Error](fault); !ok || !strings.HasPrefix(e.Key, "DisabledRules") {
			others = errors.Join(others, fault)
		}
	}
	return others
}

// directoryLimit is how long a directory may take to say who the owners in exceptions are.
const directoryLimit = 2 * time.Second

// checkOwners looks for owners that nobody is. A directory that does not answer says nothing.
func checkOwners(c *config.Config, sources config.Sources) (faults error) {
	users := program.NewDirectory(filepath.Join("/", c.Root))
	for i := range c.Exceptions {
		if owner := c.Exceptions[i].Require.Owner; owner != "" {
			users.Ask(owner)
		}
	}
	users.Wait(directoryLimit)
	for i := range c.Exceptions {
		if x := &c.Exceptions[i]; x.Require.Owner != "" && users.HasNone(x.Require.Owner) {
			faults = errors.Join(faults, sources.ProblemOf(x, "Require.Owner", fmt.Sprintf(
				"exception %s covers nothing: neither this Mac nor a directory that it reaches has a user named %q", x.ID, x.Require.Owner)))
		}
	}
	return faults
}

func checkException(x *config.Exception, set ruleset.Set, sources config.Sources, now time.Time) error {
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

// strangers are hooks that no exception can have been written for, one of each kind.
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

// tooBroad reports whether a condition covers one of the strangers.
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

// checkFolders checks that nobody else can change the folders that the agent writes to and the
// program that it runs.
func checkFolders(c *config.Config, sources config.Sources) error {
	var faults []error
	check := func(key string, err error) {
		// What is missing is made; what an ordinary user can't see, root can check.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			faults = append(faults, sources.Problem(key, err.Error()))
		}
	}
	check("state-dir", c.Disk().CheckFolder(c.StateDir))
	for i := range c.Outputs {
		if o := &c.Outputs[i]; o.Enabled && o.Type == "file" {
			key := o.Key + ".Path"
			if o.Key == "" {
				key = "Outputs"
			}
			check(key, c.Disk().CheckFile(o.Path))
		}
	}
	if err := checkEsloggerPath(c, sources); err != nil {
		faults = append(faults, sources.Problem("EsloggerPath", err.Error()))
	}
	return errors.Join(faults...)
}

// macOS is a folder that every macOS has, and nothing else.
const macOS = "/System/Library/CoreServices"

// checkEsloggerPath reports why the agent could not run eslogger. The default is missing on an older
// macOS, and on what is none; an agent of another disk is told which program to run.
func checkEsloggerPath(c *config.Config, sources config.Sources) error {
	if _, isNamed := sources.Of("EsloggerPath"); !isNamed {
		if _, err := os.Stat(macOS); c.Root != "" || err != nil {
			return nil
		}
	}
	if sources.ByFile("EsloggerPath") {
		if err := safefile.CheckProgram(c.EsloggerPath); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	info, err := os.Stat(c.EsloggerPath)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is not there: no command would be seen; eslogger comes with macOS 13 and later", quote.Bounded(c.EsloggerPath, maxQuoted))
	case err == nil && (!info.Mode().IsRegular() || info.Mode()&0o111 == 0):
		return fmt.Errorf("%s is not a program: no command would be seen", quote.Bounded(c.EsloggerPath, maxQuoted))
	}
	return nil // what an ordinary user can't see, root can check
}

// maxQuoted bounds a path in an error, in bytes.
const maxQuoted = 80
