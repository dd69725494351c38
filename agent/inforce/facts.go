package inforce

import (
	"sync"
	"time"

	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
)

// facts are what status and heartbeats say of the configuration, for any goroutine.
type facts struct {
	mu  sync.Mutex // guards now
	now alert.ConfigurationFacts
}

func (f *facts) set(change func(*alert.ConfigurationFacts)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.now)
}

func (f *facts) get() alert.ConfigurationFacts {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Facts returns which configuration is in force, and which is on the disk.
func (s *Configuration) Facts() alert.ConfigurationFacts { return s.facts.get() }

// versionOf describes files. Without any the defaults are in force.
func versionOf(files config.Files, since time.Time) alert.ConfigurationVersion {
	return alert.ConfigurationVersion{SHA256: files.Digest(), Modified: alert.At(files.Modified()), Since: alert.At(since)}
}
