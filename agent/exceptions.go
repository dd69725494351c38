package agent

import (
	"errors"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
)

// allowed is the exceptions that the agent goes by. Those of the configuration stay; those
// of their own file are read anew when it changes.
type allowed struct {
	list  []config.Exception
	since map[string]time.Time // by ID
	file  mark
	fault standing
}

func newAllowed(list []config.Exception, now time.Time) *allowed {
	w := &allowed{list: list, since: map[string]time.Time{}, fault: standing{state: health.Exceptions}}
	for i := range list {
		w.since[list[i].ID] = now
	}
	return w
}

// mark tells whether a file is what it was.
type mark struct {
	info fs.FileInfo // nil: it is not there
	seen bool
}

func (m mark) same(o mark) bool {
	if m.seen != o.seen || (m.info == nil) != (o.info == nil) {
		return false
	}
	if m.info == nil {
		return true
	}
	a, b := m.info, o.info
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode() && ownerID(a) == ownerID(b)
}

func ownerID(info fs.FileInfo) uint32 {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return sys.Uid
	}
	return 0
}

// readExceptions reads the file of exceptions anew, if it is not what it was or if it must.
func (a *Agent) readExceptions(now time.Time, must bool) {
	w, root := a.allowed, a.opts.Config.Root
	m := mark{seen: true}
	m.info, _ = os.Lstat(config.ExceptionsPath(root))
	if !must && m.same(w.file) {
		return
	}
	w.file = m
	beside := slices.DeleteFunc(slices.Clone(w.list), func(x config.Exception) bool { return x.Own })
	own, faults := config.OwnExceptions(root, beside, CheckWhere)
	list := slices.Concat(beside, own)
	if !reflect.DeepEqual(list, w.list) {
		if err := a.pipeline.SetExceptions(exceptions(list), newPins(root, list)); err != nil && faults == nil {
			faults = err
		}
		a.tellChanged(w.missing(list), (&allowed{list: list}).missing(w.list), now)
		a.inForce.Lock()
		w.take(list, now)
		a.inForce.Unlock()
	}
	w.fault.tell(a, faults, now)
}

// tellChanged tells of every change of what is hidden: who can't keep an agent from seeing may
// try to keep it from telling.
func (a *Agent) tellChanged(added, removed []string, now time.Time) {
	state := health.Condition{Name: health.ExceptionsChanged}
	a.log.Warn().Strs("added", added).Strs("removed", removed).Msg("exceptions")
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
	a.condition(state, strings.Join(parts, "; ")+" (see hooksnare allow list)", true, now, time.Time{})
	a.condition(state, "the agent goes by them", false, now, now)
}

// missing returns the IDs of exceptions that are not among those that count.
func (w *allowed) missing(list []config.Exception) []string {
	out := []string{}
	for i := range list {
		if w.find(&list[i]) == nil {
			out = append(out, list[i].ID)
		}
	}
	return out
}

// find returns the exception that says the same as another, wherever it is written.
func (w *allowed) find(x *config.Exception) *config.Exception {
	for i := range w.list {
		o, n := w.list[i], *x
		if o.Key, n.Key = "", ""; reflect.DeepEqual(o, n) {
			return &w.list[i]
		}
	}
	return nil
}

// take goes on with other exceptions. What is not as it was is new.
func (w *allowed) take(list []config.Exception, now time.Time) {
	since := map[string]time.Time{}
	for i := range list {
		x := &list[i]
		if since[x.ID] = now; w.find(x) != nil {
			since[x.ID] = w.since[x.ID]
		}
	}
	w.list, w.since = list, since
}

// uses returns what the exceptions did since the agent goes by them.
func (a *Agent) uses() []ExceptionStatus {
	list := a.pipeline.Uses()
	out := make([]ExceptionStatus, len(list))
	a.inForce.RLock()
	defer a.inForce.RUnlock()
	for i, u := range list {
		out[i] = ExceptionStatus{ID: u.ID, Since: a.allowed.since[u.ID].UTC(), Hits: u.Hits, Broken: u.Broken}
	}
	return out
}

// ownFaults takes the faults of the file of exceptions out of all that is wrong with a
// configuration.
func ownFaults(root string, all error) (own, others error) {
	file := config.ExceptionsPath(root)
	for _, err := range Faults(all) {
		if strings.HasPrefix(err.Error(), file+":") {
			own = errors.Join(own, err)
		} else {
			others = errors.Join(others, err)
		}
	}
	return own, others
}
