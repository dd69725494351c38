// Package inforce keeps the configuration in force: it takes over what changes on the disk, whole
// or not at all, and goes on with what it has where a file is faulty.
package inforce

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/safefile"
)

// savedFile holds the files of the configuration that was in force last, in the state folder, and
// maxSaved bounds it in bytes: two files, as text.
const (
	savedFile = "configuration.json"
	maxSaved  = 4 << 20
)

// Load reads the configuration that an agent starts with. Where a file has faults and an earlier
// agent had a faultless one in force, that is used instead. The error is what is wrong with what is
// there, and onDisk are the files that are there.
func Load(o config.Options) (l config.Loaded, onDisk config.Files, err error) {
	l, err = config.Read(o)
	onDisk = l.Files
	if len(config.FaultsOfFiles(o, err)) == 0 {
		return l, onDisk, err
	}
	before := o
	if before.Files = readSaved(l.Config.StateDir); before.Files == nil {
		return l, onDisk, err
	}
	kept, faults := config.Read(before)
	if len(config.FaultsOfFiles(o, faults)) == 0 {
		l = kept
	}
	return l, onDisk, err
}

// readSaved returns the files that were in force last; nil if that is not known.
func readSaved(stateDir string) config.Files {
	b, _, err := safefile.Disk{}.ReadTrusted(filepath.Join(stateDir, savedFile), maxSaved)
	if err != nil {
		return nil
	}
	files := config.Files{}
	if json.Unmarshal(b, &files) != nil {
		return nil
	}
	return files
}

// ErrLater is the error of an Apply that can't be done now, and may be in a moment.
var ErrLater = errors.New("will be tried again")

// Configuration is the configuration in force. It is for one goroutine, but for Facts.
type Configuration struct {
	o      Options
	faults health.FaultCondition
	facts  facts

	seen    config.Versions // of the files, at the last look
	settled bool            // what is there was taken over, or refused
}

// Options are what a [Configuration] is made of.
type Options struct {
	Source config.Options // to read again
	Start  config.Files   // what is in force at first
	OnDisk config.Files   // what is there
	Faults error          // of what is there
	Folder *health.StateFolder
	Report health.Report
	Log    zerolog.Logger

	// Apply puts another configuration in force, or has the agent end to do that. After an error,
	// which says why, the one before is in force as it was.
	Apply func(config.Loaded) error
}

// New returns what is in force as an agent starts.
func New(o Options, now time.Time) *Configuration {
	s := &Configuration{o: o, faults: health.FaultCondition{Name: health.Configuration, Report: o.Report}, seen: o.Source.Versions(), settled: true}
	s.facts.set(func(f *alert.ConfigurationFacts) { f.InForce = versionOf(o.Start, now) })
	faults := config.FaultsOfFiles(o.Source, o.Faults)
	s.setOnDisk(len(faults), o.OnDisk)
	s.setFaults(o.Faults, now)
	if len(faults) == 0 {
		s.keep(o.Start)
	}
	return s
}

// Refresh takes over what has changed on the disk, or everything if it must. A file that has just
// changed is read at the next call: it may be half written.
func (s *Configuration) Refresh(now time.Time, must bool) {
	versions := s.o.Source.Versions()
	changed := versions != s.seen
	s.seen = versions
	if !must && (changed || s.settled) {
		s.settled = s.settled && !changed
		return
	}
	l, err := config.Read(s.o.Source)
	files := config.FaultsOfFiles(s.o.Source, err)
	if len(files) == 0 {
		if refused := s.take(l, now); refused != nil {
			files = []error{refused}
			err = errors.Join(refused, err)
		}
	}
	s.settled = !errors.Is(err, ErrLater)
	s.setOnDisk(len(files), l.Files)
	s.setFaults(err, now)
}

// take puts a configuration in force.
func (s *Configuration) take(l config.Loaded, now time.Time) error {
	if err := s.o.Apply(l); err != nil {
		return err
	}
	if s.facts.get().InForce.SHA256 != l.Files.Digest() {
		s.o.Log.Info().Str("sha256", l.Files.Digest()).Msg("configuration")
		s.facts.set(func(f *alert.ConfigurationFacts) { f.InForce = versionOf(l.Files, now) })
	}
	s.keep(l.Files)
	return nil
}

// keep keeps the files that are in force for the next start.
func (s *Configuration) keep(files config.Files) {
	if files == nil {
		files = config.Files{}
	}
	b, err := json.Marshal(files)
	if err == nil {
		err = s.o.Folder.Write(savedFile, b)
	}
	if err != nil {
		s.o.Log.Warn().Err(err).Msg("the configuration in force is not kept for the next start")
	}
}

// setFaults reports what is wrong with what is on the disk, and that it is not in force.
func (s *Configuration) setFaults(err error, now time.Time) {
	detail := config.Summary(err)
	if f := s.facts.get(); f.OnDisk.Faults > 0 && f.InForce.SHA256 != f.OnDisk.SHA256 {
		detail += fmt.Sprintf("; what was in force before still is, as of %s", f.InForce.Since.UTC().Format(time.DateTime+"Z"))
	}
	s.faults.Set(detail, now)
}

func (s *Configuration) setOnDisk(faults int, files config.Files) {
	s.facts.set(func(f *alert.ConfigurationFacts) {
		f.OnDisk = versionOf(files, time.Time{})
		f.OnDisk.Faults = faults
	})
}
