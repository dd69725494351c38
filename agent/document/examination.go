package document

import (
	"fmt"
	"strings"

	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
	"hooksnare/pkg/plist"
)

// Examination is what was found on the disk for one event. It is nil where nothing was.
type Examination struct {
	Programs    map[string]ExaminedProgram   // by the hook's value
	Sources     map[string]map[string]string // the hooks in each file that a command read and that could be read, too
	Targets     map[string]string            // what a command's target is: the path without links, or the bundle's identifier
	Packages    []alert.Lately
	Preferences []alert.Lately
	Known       map[string]string // exceptions that name a program's SHA-256, by that
	Jamf        bool              // this Mac showed before the event that Jamf manages it
}

// ExaminedProgram is what a value points to, as found and as an alert shows it.
type ExaminedProgram struct {
	Found event.Program
	Shown *alert.Program
}

// Program returns what a value points to, nil if it was not examined.
func (x *Examination) Program(value string) *event.Program {
	if x == nil {
		return nil
	}
	if p, ok := x.Programs[value]; ok {
		return &p.Found
	}
	return nil
}

// Shown returns what an alert says of a value, nil if that was not examined.
func (x *Examination) Shown(value string) *alert.Program {
	if x == nil {
		return nil
	}
	return x.Programs[value].Shown
}

// IsRead reports whether a command fills the preferences from a file that can be looked at.
func IsRead(k *hook.Fact) bool {
	return k.Operation == hook.Import && k.Key == "" && strings.HasPrefix(k.SourceFile, "/")
}

// ParseSource returns which hooks are in the content of a file that a command read; an error says that
// this can't be known.
func ParseSource(content []byte) (hooks map[string]string, err error) {
	v, err := plist.Decode(content)
	if err != nil {
		return nil, err
	}
	settings, whole := v.(map[string]any)
	if !whole {
		return nil, plist.ErrMalformed
	}
	hooks = map[string]string{}
	for _, key := range [...]string{hook.LoginHook, hook.LogoutHook, hook.EnableMCX, hook.MCXScriptTrust} {
		value, there := settings[key]
		if text := fmt.Sprint(value); there && !(hook.RunsProgram(key) && hook.IsBlank(text)) {
			hooks[key] = text
		}
	}
	return hooks, nil
}

// TargetOf returns the path or application that a command writes to if the disk has to say which
// preferences that are, "" otherwise.
func TargetOf(k *hook.Fact) string {
	switch {
	case k.Strict || k.Operation == hook.Import:
		return ""
	case k.Plist != "":
		return k.Plist
	case strings.HasPrefix(k.Domain, "/"):
		return k.Domain
	}
	return ""
}

// HooksIn returns the hooks in the file that a command reads; read is false where that is not known.
func (x *Examination) HooksIn(k *hook.Fact) (hooks map[string]string, read bool) {
	if x == nil || !IsRead(k) {
		return nil, false
	}
	hooks, read = x.Sources[k.SourceFile]
	return hooks, read
}

// Confirmation is a change as the alert of its command reports it.
type Confirmation struct {
	*event.Change
	Seen *Examination
}
