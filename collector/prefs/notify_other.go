//go:build !darwin

package prefs

import (
	"slices"
	"sync"

	"github.com/fsnotify/fsnotify"

	"hooksnare/pkg/safefile"
)

// watchesFiles: inotify reports of a folder what is written into its files, too.
const watchesFiles = false

// inotify watches folders.
type inotify struct {
	*fsnotify.Watcher
	events sync.WaitGroup
}

func openNotifier(wake func()) (notifier, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	n := &inotify{Watcher: w}
	n.events.Go(func() { n.awaitEvents(wake) })
	return n, nil
}

// awaitEvents wakes the watcher for whatever fsnotify reports, until it is closed.
func (n *inotify) awaitEvents(wake func()) {
	for {
		ok := false
		select {
		case _, ok = <-n.Events:
		case _, ok = <-n.Errors: // events were lost
		}
		if !ok {
			return
		}
		wake()
	}
}

func (n *inotify) startWatch(t watchTarget) (safefile.FileVersion, error) {
	if err := n.Add(t.host); err != nil {
		return safefile.FileVersion{}, err
	}
	v, err := safefile.Lstat(t.host)
	if err != nil {
		n.endWatch(t)
	}
	return v, err
}

func (n *inotify) isWatching(t watchTarget) bool { return slices.Contains(n.WatchList(), t.host) }

func (n *inotify) endWatch(t watchTarget) {
	_ = n.Remove(t.host) // it may have gone with the folder
}

func (n *inotify) Close() error {
	err := n.Watcher.Close()
	n.events.Wait()
	return err
}
