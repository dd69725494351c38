// Package exceptions holds what a site does not want alerts about: the exceptions in force, their
// own file with its audit log, and what they require of a hook's program.
package exceptions

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/detect"
	"hooksnare/pkg/safefile"
)

// InForce are those that are in force. Those of their own file are read again when it changes.
// It is safe for concurrent use, but for Refresh and Configure, which are for one goroutine.
type InForce struct {
	root   string
	apply  func([]config.Exception) error
	uses   func() []detect.Use
	report health.Report
	log    zerolog.Logger
	read   bool                 // the file was looked at
	file   safefile.FileVersion // when it was; zero if it was not there
	faults health.FaultCondition

	configured []config.Exception // those of the configuration

	mu    sync.RWMutex // guards all below
	list  []config.Exception
	since map[string]time.Time // since when each is in force, by ID
}

// InForceOptions are what [Exceptions] are made of.
type InForceOptions struct {
	Root   string
	List   []config.Exception
	Apply  func([]config.Exception) error // puts others in force; the error names those that can't be
	Uses   func() []detect.Use
	Report health.Report
	Log    zerolog.Logger
}

// NewInForce returns the exceptions that are in force from now on.
func NewInForce(o InForceOptions, now time.Time) *InForce {
	e := &InForce{
		root: o.Root, apply: o.Apply, uses: o.Uses, report: o.Report, log: o.Log,
		faults: health.FaultCondition{Name: health.Exceptions, Report: o.Report}, configured: Configured(o.List), list: o.List, since: map[string]time.Time{},
	}
	for i := range o.List {
		e.since[o.List[i].ID] = now
	}
	return e
}

// Configure puts the exceptions of another configuration in force, beside those of their own file.
func (e *InForce) Configure(list []config.Exception, now time.Time) {
	e.configured = Configured(list)
	e.Refresh(now, true)
}

// Configured leaves out the exceptions of their own file.
func Configured(list []config.Exception) []config.Exception {
	return slices.DeleteFunc(slices.Clone(list), func(x config.Exception) bool { return x.Own })
}

// Refresh reads the file of exceptions if it is not what it was, or if it must.
func (e *InForce) Refresh(now time.Time, must bool) {
	version, _ := safefile.Lstat(config.ExceptionsPath(e.root)) // zero where it is not there
	if !must && e.read && version == e.file {
		return
	}
	e.read, e.file = true, version
	own, faults := config.OwnExceptions(e.root, e.configured)
	list := slices.Concat(e.configured, own)
	if !reflect.DeepEqual(list, e.list) {
		if err := e.apply(list); err != nil && faults == nil {
			faults = err
		}
		e.reportChange(missingFrom(e.list, list), missingFrom(list, e.list), now)
		e.take(list, now)
	}
	e.SetFaults(faults, now)
}

// SetFaults says what is wrong with the file of exceptions now, nil for nothing.
func (e *InForce) SetFaults(faults error, now time.Time) {
	e.faults.Set(config.Summary(faults), now)
}

// reportChange reports every change of what is hidden: who can't keep an agent from seeing may
// try to keep it from telling.
func (e *InForce) reportChange(added, removed []string, now time.Time) {
	e.log.Warn().Strs("added", added).Strs("removed", removed).Msg("exceptions")
	if len(added)+len(removed) == 0 {
		return // in another order
	}
	var parts []string
	for _, p := range []struct {
		what string
		ids  []string
	}{{"removed", removed}, {"added", added}} {
		if len(p.ids) > 0 {
			parts = append(parts, p.what+" "+strings.Join(p.ids, ", "))
		}
	}
	c := health.Condition{Name: health.ExceptionsChanged}
	e.report(c, strings.Join(parts, "; ")+" (see hooksnare allow list)", true, now, time.Time{})
	e.report(c, "the agent uses the new exceptions", false, now, now)
}

// missingFrom returns the IDs of exceptions of a list that another does not hold as they are.
func missingFrom(have, list []config.Exception) []string {
	out := []string{}
	for i := range list {
		if !sameException(have, &list[i]) {
			out = append(out, list[i].ID)
		}
	}
	return out
}

// sameException reports whether a list has an exception that says the same, wherever it is written.
func sameException(list []config.Exception, x *config.Exception) bool {
	for i := range list {
		a, b := list[i], *x
		if a.Key, b.Key = "", ""; reflect.DeepEqual(a, b) {
			return true
		}
	}
	return false
}

// take goes on with other exceptions. What is not as it was is new.
func (e *InForce) take(list []config.Exception, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	since := map[string]time.Time{}
	for i := range list {
		x := &list[i]
		if since[x.ID] = now; sameException(e.list, x) {
			since[x.ID] = e.since[x.ID]
		}
	}
	e.list, e.since = list, since
}

// Status returns what the exceptions did since each is in force.
func (e *InForce) Status() []health.ExceptionStatus {
	uses := e.uses()
	out := make([]health.ExceptionStatus, len(uses))
	e.mu.RLock()
	defer e.mu.RUnlock()
	for i, u := range uses {
		out[i] = health.ExceptionStatus{ID: u.ID, Since: e.since[u.ID].UTC(), Hits: u.Hits, Broken: u.Broken}
	}
	return out
}

// SplitFaults takes the faults of the file of exceptions out of all that is wrong with a
// configuration.
func SplitFaults(root string, all error) (own, others error) {
	file := config.ExceptionsPath(root)
	for _, err := range config.Faults(all) {
		if strings.HasPrefix(err.Error(), file+":") {
			own = errors.Join(own, err)
		} else {
			others = errors.Join(others, err)
		}
	}
	return own, others
}

// ForEngine returns the configuration's exceptions as the engine takes them.
func ForEngine(list []config.Exception) []detect.Exception {
	var out []detect.Exception
	for _, x := range list {
		out = append(out, detect.Exception{ID: x.ID, Rules: x.Rules, Where: x.Where, Expires: x.Expires, Pinned: !x.Require.IsZero()})
	}
	return out
}
