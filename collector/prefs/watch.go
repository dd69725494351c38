package prefs

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"hooksnare/pkg/safefile"
)

const (
	// maxFolders bounds the folders that are watched, all of them root's: no user can use it
	// up. Only users' managed preferences can be more than a few: these come last, are found by
	// the sweep alone then, and that is not a problem. maxFiles bounds the files in them likewise,
	// where these are watched one by one; others can't add to them either.
	maxFolders = 16
	maxFiles   = 128
	// stopWatch is how long the watcher may take to stop: it may hang in a folder.
	stopWatch = time.Second
)

// watchTarget is a folder to watch, or a file.
type watchTarget struct {
	path, host string
	version    safefile.FileVersion
}

// notifier reports that something happened to what it watches: it calls what openNotifier was
// given, from any goroutine. Its methods are called from one.
type notifier interface {
	// startWatch watches what lies at the target's path, and returns its version after that.
	startWatch(watchTarget) (safefile.FileVersion, error)
	// isWatching reports whether what startWatch watched still is: it may be removed.
	isWatching(watchTarget) bool
	endWatch(watchTarget)
	Close() error
}

// watcher wakes the collector when something happens in a folder of root's. What it was does
// not matter, and that nothing happened is not relied on: it is a way to be early. It opens
// folders and files, so it may hang: nobody waits for it.
type watcher struct {
	changed chan struct{} // something happened
	updated chan struct{} // status returns something else
	wake    chan struct{} // set was called
	quit    chan struct{}
	done    chan struct{}

	// These belong to the goroutine of run.
	open   func(wake func()) (notifier, error)
	notify notifier               // nil: it can't be opened
	have   map[string]watchTarget // watched, by path

	mu        sync.Mutex // guards what follows
	want      []watchTarget
	count     int               // folders that are watched
	unwatched map[string]string // why others are not, by path
}

func newWatcher(open func(wake func()) (notifier, error)) *watcher {
	w := &watcher{
		changed: make(chan struct{}, 1), updated: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		quit: make(chan struct{}), done: make(chan struct{}),
		open: open, have: map[string]watchTarget{},
	}
	go w.run()
	return w
}

// stop ends the watching, as far as it can be ended.
func (w *watcher) stop() {
	close(w.quit)
	select {
	case <-w.done:
	case <-time.After(stopWatch):
	}
}

// set says what to watch. After each scan it is called again, so that what failed is tried again.
func (w *watcher) set(want []watchTarget) {
	w.mu.Lock()
	w.want = want
	w.mu.Unlock()
	signal(w.wake)
}

// status returns how many folders are watched, and why others are not, by path.
func (w *watcher) status() (count int, unwatched map[string]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count, w.unwatched
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run watches what is wanted until the watcher is stopped.
func (w *watcher) run() {
	defer close(w.done)
	for {
		select {
		case <-w.quit:
			return
		case <-w.wake:
		}
		var failure error
		if w.notify == nil {
			if w.notify, failure = w.open(func() { signal(w.changed) }); failure == nil {
				defer w.notify.Close()
			}
		}
		w.syncWatches(failure)
	}
}

// syncWatches makes what is watched what is wanted. failure says why none can be.
func (w *watcher) syncWatches(failure error) {
	w.mu.Lock()
	want, before := w.want, w.unwatched
	w.mu.Unlock()
	if w.notify != nil {
		w.removeOld(want)
	}
	unwatched := map[string]string{}
	for _, t := range want {
		err := failure
		if w.notify != nil {
			err = w.addWatch(t)
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, safefile.ErrChanged) {
			if why := before[t.path]; why != "" { // the next scan finds where it is
				unwatched[t.path] = why
			}
		} else if err != nil {
			unwatched[t.path] = problemOf(err, "").detail
		}
	}
	count := 0
	for _, t := range w.have {
		if t.version.Mode.IsDir() {
			count++
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.count != count || !maps.Equal(w.unwatched, unwatched) {
		w.count, w.unwatched = count, unwatched
		signal(w.updated)
	}
}

// removeOld ends the watches of what was moved, replaced or is not wanted any more.
func (w *watcher) removeOld(want []watchTarget) {
	for path, have := range w.have {
		wanted := slices.ContainsFunc(want, func(t watchTarget) bool {
			return t.path == path && t.host == have.host && t.version.SameFile(have.version)
		})
		if !wanted || !w.notify.isWatching(have) {
			delete(w.have, path)
			w.notify.endWatch(have)
		}
	}
}

// addWatch watches a target, if it is still what was found at the scan.
func (w *watcher) addWatch(t watchTarget) error {
	if _, ok := w.have[t.path]; ok {
		return nil
	}
	found, err := w.notify.startWatch(t)
	if err == nil && !found.SameFile(t.version) {
		w.notify.endWatch(t)
		err = safefile.ErrChanged
	}
	if err == nil {
		w.have[t.path] = t
	}
	if err == nil && (found.Mode.IsDir() || found != t.version) || errors.Is(err, safefile.ErrChanged) {
		signal(w.changed) // what happened before it was watched
	}
	return err
}
