package prefs

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"hooksnare/pkg/safefile"
)

const (
	// maxWatched bounds the names in a watched folder: kqueue takes a descriptor for each.
	maxWatched = 512
	// maxFolders bounds the folders that are watched, all of them root's: no user can use it
	// up. Only users' managed preferences can be more than a few: these come last, are found by
	// the sweep alone then, and that is not a problem.
	maxFolders = 16
	// stopWatch is how long the watcher may take to stop: it may hang in a folder.
	stopWatch = time.Second
)

// watchTarget is a folder to watch.
type watchTarget struct {
	path, host string
	version    safefile.FileVersion
}

// watcher wakes the collector when something happens in a folder of root's. What it was does
// not matter, and that nothing happened is not relied on: it is a way to be early. On
// macOS it opens every file of a folder, following links, so it may hang: nobody waits for it.
type watcher struct {
	changed chan struct{} // something happened
	updated chan struct{} // status returns something else
	wake    chan struct{} // set was called
	quit    chan struct{}
	done    chan struct{}

	// These belong to the goroutine of run.
	open func() (*fsnotify.Watcher, error)
	fs   *fsnotify.Watcher      // nil: it can't be opened
	have map[string]watchTarget // watched, by path

	mu        sync.Mutex // guards what follows
	want      []watchTarget
	count     int               // folders that are watched
	unwatched map[string]string // why others are not, by path
}

func newWatcher(open func() (*fsnotify.Watcher, error)) *watcher {
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

// set says which folders to watch. After each scan it is called again, so that what failed is tried again.
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
	var events sync.WaitGroup
	defer events.Wait()
	for {
		select {
		case <-w.quit:
			return
		case <-w.wake:
		}
		var failure error
		if w.fs == nil {
			if w.fs, failure = w.open(); failure == nil {
				defer w.fs.Close() // and so ends listen
				events.Go(func() { w.listenEvents(w.fs) })
			}
		}
		w.syncWatches(failure)
	}
}

// listenEvents turns whatever fsnotify reports into a wake-up.
func (w *watcher) listenEvents(fs *fsnotify.Watcher) {
	for {
		ok := false
		select {
		case _, ok = <-fs.Events:
		case _, ok = <-fs.Errors: // events were lost, or a file could not be opened
		}
		if !ok {
			return
		}
		signal(w.changed)
	}
}

// syncWatches makes the folders watched those that are wanted. failure says why none can be.
func (w *watcher) syncWatches(failure error) {
	w.mu.Lock()
	want, before := w.want, w.unwatched
	w.mu.Unlock()
	if w.fs != nil {
		w.removeOld(want)
	}
	unwatched := map[string]string{}
	for _, t := range want {
		err := failure
		if w.fs != nil {
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
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.count != len(w.have) || !maps.Equal(w.unwatched, unwatched) {
		w.count, w.unwatched = len(w.have), unwatched
		signal(w.updated)
	}
}

// removeOld removes the watches of folders that were moved, replaced or are not wanted any more.
func (w *watcher) removeOld(want []watchTarget) {
	watched := w.fs.WatchList()
	for path, have := range w.have {
		wanted := slices.ContainsFunc(want, func(t watchTarget) bool {
			return t.path == path && t.host == have.host && t.version.SameFile(have.version)
		})
		if !wanted || !slices.Contains(watched, have.host) {
			w.removeWatch(have)
		}
	}
}

func (w *watcher) removeWatch(t watchTarget) {
	delete(w.have, t.path)
	w.fs.Remove(t.host) // it may have gone with the folder
}

// addWatch watches a folder, if it is fit for that.
func (w *watcher) addWatch(t watchTarget) error {
	have, ok := w.have[t.path]
	if ok && have.version == t.version {
		return nil
	}
	if err := checkWatchable(t); err != nil {
		if ok {
			w.removeWatch(have)
		}
		return err
	}
	if !ok {
		if err := w.fs.Add(t.host); err != nil {
			return err
		}
		signal(w.changed) // what happened before it was watched
	}
	w.have[t.path] = t
	return nil
}

// checkWatchable returns why a folder can't be watched.
func checkWatchable(t watchTarget) error {
	all, more, err := listFolder(t.host, t.version, maxWatched)
	switch {
	case err != nil:
		return err
	case more:
		return fmt.Errorf("more than %d files", maxWatched)
	}
	for _, e := range all {
		if e.Type() == fs.ModeSymlink {
			return fmt.Errorf("the link %q in it", e.Name())
		}
	}
	return nil
}
