package prefs

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"hooksnare/pkg/safefile"
)

const (
	// maxWatched bounds the names in a watched folder: kqueue takes a descriptor for each.
	maxWatched = 512
	// maxFolders bounds the folders that are watched, all of them root's: no user can use it
	// up. Only users' managed preferences can be more than some: these come last, are not
	// early then, and that is no trouble.
	maxFolders = 16
	// retryWatch is how long after a failure to watch it is tried again.
	retryWatch = 30 * time.Second
	// movedWatch is how long after a folder was not where it was seen it is looked for again.
	movedWatch = time.Second
	// stopWatch is how long the watcher may take to stop: it may hang in a folder.
	stopWatch = time.Second
)

// target is a folder to watch.
type target struct {
	shown, host string
	st          stamp
}

// watchNews says whether a folder is watched: not for the reason in detail, if there is
// one. count is how many are.
type watchNews struct {
	folder, detail string
	count          int
}

// watcher wakes the collector when something happens in a folder of root's. What it was is
// of no matter, and that nothing happened is not relied on: it is a way to be early. On
// macOS it opens every file of a folder, following links, so it may hang: nobody waits for it.
type watcher struct {
	changed chan struct{}  // something happened
	news    chan watchNews // about the watching itself
	kick    chan struct{}
	quit    chan struct{}
	done    chan struct{}

	mu    sync.Mutex
	want  []target
	lost  map[string]bool // folders that were moved or removed, by their path here
	hosts map[string]bool // those that are watched
}

func newWatcher() *watcher {
	w := &watcher{
		changed: make(chan struct{}, 1), news: make(chan watchNews), kick: make(chan struct{}, 1),
		quit: make(chan struct{}), done: make(chan struct{}),
		lost: map[string]bool{}, hosts: map[string]bool{},
	}
	go func() {
		defer close(w.done)
		w.run()
	}()
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

// set says which folders to watch.
func (w *watcher) set(want []target) {
	w.mu.Lock()
	w.want = want
	w.mu.Unlock()
	signal(w.kick)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run watches what it is told to until it is stopped.
func (w *watcher) run() {
	var events sync.WaitGroup
	defer events.Wait()
	s := watching{w: w, have: map[string]target{}, bad: map[string]string{}}
	defer s.close()
	retry := time.NewTimer(time.Hour)
	defer retry.Stop()
	for {
		select {
		case <-w.quit:
			return
		case <-w.kick:
		case <-retry.C:
		}
		if s.fs == nil {
			if fs, err := fsnotify.NewWatcher(); err == nil {
				s.fs = fs
				events.Go(func() { w.listen(fs) })
			} else {
				s.failure = err.Error()
			}
		}
		if wait := s.sync(); wait > 0 {
			retry.Reset(wait)
		}
	}
}

// listen turns whatever fsnotify says into a wake-up.
func (w *watcher) listen(fs *fsnotify.Watcher) {
	for {
		select {
		case e, ok := <-fs.Events:
			if !ok {
				return
			}
			if e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename) {
				w.lose(e.Name)
			}
		case _, ok := <-fs.Errors: // events were lost, or a file could not be opened
			if !ok {
				return
			}
		}
		signal(w.changed)
	}
}

// lose notes that a watched folder is not where it was: the watch went with it.
func (w *watcher) lose(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hosts[name] {
		w.lost[name] = true
		signal(w.kick)
	}
}

// watching is what the goroutine of a watcher has.
type watching struct {
	w       *watcher
	fs      *fsnotify.Watcher
	failure string            // why there is none
	have    map[string]target // watched, by the path shown
	bad     map[string]string // not watched, and why
	told    int               // how many are watched
}

// sync makes the folders watched those that are wanted. If that failed it returns when to
// try again.
func (s *watching) sync() (again time.Duration) {
	s.w.mu.Lock()
	want, lost := s.w.want, s.w.lost
	s.w.lost = map[string]bool{}
	s.w.mu.Unlock()
	wanted := map[string]bool{}
	for _, t := range want {
		wanted[t.shown] = true
		if have, ok := s.have[t.shown]; ok && (lost[t.host] || have.host != t.host || !have.st.sameFile(t.st)) {
			s.remove(have)
		}
		why := s.failure
		if s.fs != nil {
			err := s.add(t)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, safefile.ErrChanged) {
				again = movedWatch // it is being moved: the next look will tell
				continue
			}
			why = ""
			if err != nil {
				why = reason(err, "").detail
			}
		}
		if why != "" && again == 0 {
			again = retryWatch
		}
		s.say(t.shown, why)
	}
	for shown, t := range s.have {
		if !wanted[shown] {
			s.remove(t)
			s.say(shown, "")
		}
	}
	for shown := range s.bad {
		if !wanted[shown] {
			s.say(shown, "")
		}
	}
	return again
}

// add watches a folder, if it is fit for that.
func (s *watching) add(t target) error {
	have, ok := s.have[t.shown]
	if ok && have.st == t.st {
		return nil
	}
	if err := watchable(t); err != nil {
		if ok {
			s.remove(have)
		}
		return err
	}
	if !ok {
		s.host(t.host, true)
		if err := s.fs.Add(t.host); err != nil {
			s.host(t.host, false)
			return err
		}
		signal(s.w.changed) // what happened before it was watched
	}
	s.have[t.shown] = t
	return nil
}

// watchable says whether a folder can be watched.
func watchable(t target) error {
	all, more, err := list(t.host, t.st, maxWatched)
	switch {
	case err != nil:
		return err
	case more:
		return fmt.Errorf("more than %d files", maxWatched)
	}
	for _, e := range all {
		if e.kind == fs.ModeSymlink {
			return fmt.Errorf("the link %q in it", e.name)
		}
	}
	return nil
}

func (s *watching) remove(t target) {
	s.host(t.host, false)
	delete(s.have, t.shown)
	if s.fs != nil {
		s.fs.Remove(t.host) // it may be gone with the folder
	}
}

func (s *watching) host(name string, on bool) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if on {
		s.w.hosts[name] = true
	} else {
		delete(s.w.hosts, name)
	}
}

// say tells what is new about the watching of a folder.
func (s *watching) say(folder, why string) {
	if s.bad[folder] == why && s.told == len(s.have) {
		return
	}
	delete(s.bad, folder)
	if why != "" {
		s.bad[folder] = why
	}
	s.told = len(s.have)
	select {
	case s.w.news <- watchNews{folder, why, len(s.have)}:
	case <-s.w.quit:
	}
}

// close ends fsnotify's own goroutine, and with it the listening.
func (s *watching) close() {
	if s.fs != nil {
		s.fs.Close() // what it says does not help any more
	}
}
