package detect

import (
	"strconv"
	"strings"

	"hooksnare/detect/hook"
	"hooksnare/detect/rules"
)

// Share names whose bounds something counts against. People who do not trust each other
// never share one: what one of them uses up is missing to nobody else.
type Share string

// The shares that no ordinary user can use up.
const (
	RootShare    Share = "root"    // root's preferences, and what root runs
	SystemShare  Share = "system"  // the computer's preferences
	ManagedShare Share = "managed" // preferences that management delivers
)

// The beginnings of the other shares.
const (
	userShare      = "user:"      // the commands of a user, by uid
	homeShare      = "home:"      // the preferences in a home folder
	conditionShare = "condition:" // one condition of the agent
)

// Reserved reports whether no ordinary user can use the share up.
func (s Share) Reserved() bool { return s == RootShare || s == SystemShare || s == ManagedShare }

// Condition reports whether the share is that of a condition.
func (s Share) Condition() bool { return strings.HasPrefix(string(s), conditionShare) }

// String says whose the share is, for people and as the owner that collectors know: one name
// for each of the reserved shares, the home folder for a home's.
func (s Share) String() string {
	kind, name, _ := strings.Cut(string(s), ":")
	switch kind + ":" {
	case userShare:
		return "user " + name
	case homeShare, conditionShare:
		return name
	}
	return string(s)
}

// UserShare is the share of what a user runs. Whatever file a command names, it is its
// user's doing, so that nobody uses up another's share by naming files.
func UserShare(uid uint32) Share {
	if uid == 0 {
		return RootShare
	}
	return Share(userShare + strconv.FormatUint(uint64(uid), 10))
}

// ConditionShare is the share of a condition of the agent.
func ConditionShare(name string) Share { return Share(conditionShare + name) }

// FileShare is the share of what becomes of a preferences file, or of a folder of such:
// that of whoever its place belongs to. home is the home that it lies in, "" if only the
// path tells.
func FileShare(file, home string) Share {
	if home != "" {
		return Share(homeShare + home)
	}
	switch {
	case within(file, "/Library/Managed Preferences"):
		return ManagedShare
	case within(file, rootHome):
		return RootShare
	case within(file, "/Users"), within(file, "/Volumes"):
		elements := strings.SplitN(file, "/", 4) // the first is empty
		return Share(homeShare + strings.Join(elements[:min(len(elements), 3)], "/"))
	}
	return SystemShare
}

// within reports whether a canonical path is a folder or lies in it.
func within(file, folder string) bool {
	return file == folder || strings.HasPrefix(file, folder) && file[len(folder)] == '/'
}

// Share returns whose bounds a finding counts against: of what became of a file those of
// whoever the file's place belongs to, of anything else those of the user who ran it.
func (f *Finding) Share() Share {
	r := &f.Record
	switch {
	case r.Condition != nil:
		return ConditionShare(r.Condition.State)
	case r.State != nil:
		return r.State.share(r.Fact)
	case r.Event != nil:
		return UserShare(r.Event.Process.Token.EUID)
	}
	return SystemShare
}

func (o *Observed) share(k *hook.Fact) Share {
	switch {
	case o.Change != nil:
		return FileShare(o.Change.File, o.Change.Home)
	case o.Unreadable != nil:
		return FileShare(o.Unreadable.Path, o.Unreadable.Home)
	case o.Covered != nil:
		return o.Covered.Share()
	case k != nil:
		return FileShare(k.Plist, o.Home)
	}
	return SystemShare
}

// Item is what one alert is about, for the summary of those that were held back.
type Item struct {
	Rule     string
	Severity int
	File     string
	Key      string
	Value    string // "" where there is none
	User     string // uid, "" where none is known
}

// Item returns what a finding is about.
func (f *Finding) Item() Item {
	i := Item{Rule: f.Rule.ID, Severity: f.Severity().Number()}
	r := &f.Record
	if k := r.Fact; k != nil {
		i.File, i.Key, i.Value = k.Plist, k.Key, k.Value
	}
	switch o := r.State; {
	case o == nil:
	case o.Change != nil:
		i.File, i.Key, i.Value = o.Change.File, o.Change.Key, ""
		if o.Change.New != nil {
			i.Value = *o.Change.New
		}
	case o.Unreadable != nil:
		i.File = o.Unreadable.Path
	}
	if r.Event != nil {
		i.User = strconv.FormatUint(uint64(r.Event.Process.Token.EUID), 10)
	}
	return i
}

// Severity returns how much a finding matters: as its rule says, but for preferences that can't
// be read for certain where only root can write. A hook may be in them, or is hidden there, which is
// as severe as one that nobody was seen to set.
func (f *Finding) Severity() rules.Severity {
	s := f.Rule.Severity
	if f.Trusted != "" {
		return rules.Low
	}
	o := f.Record.State
	unsure := o != nil && (o.Unreadable != nil || o.Change != nil && o.Change.Uncertain && o.Change.New != nil)
	if unsure && f.Share().Reserved() && s.Number() < rules.High.Number() {
		return rules.High
	}
	return s
}

// NeverHeld reports whether a finding is about a hook in preferences that no ordinary
// user can write. The first of each file, key and value is given whatever else there was.
func (f *Finding) NeverHeld() bool {
	return f.Share().Reserved() && (f.Record.Fact != nil || f.Record.State != nil)
}
