package integrity

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/health"
	"hooksnare/pkg/quote"
	"hooksnare/pkg/safefile"
)

const (
	// patience is how long a verb may take to note what it changed.
	patience = 10 * time.Second
	// folderEvery is the time between two looks at folders of rules, each file of which costs a call.
	folderEvery = 30 * time.Second
	seenFile    = "own-files.json"
)

// seen is a file, or a folder of rules, as it was last.
type seen struct {
	Digest  string               `json:"sha256,omitempty"`
	Version safefile.FileVersion `json:"version"`
	// Accepted is when the last change of it was accepted that counted: what verbs made before counts no
	// more, so that putting an old content back by hand is a change.
	Accepted time.Time `json:"accepted,omitzero"`
}

// Options say what to watch. Paths are those of the Mac whose disk lies below Root.
type Options struct {
	Root     string
	StateDir string
	Files    []string
	Save     func(name string, b []byte) error // writes a file of the state folder
	Report   health.Report
	Log      zerolog.Logger
}

// Watch reports changes of the agent's own files that no verb made. It is for one goroutine.
type Watch struct {
	o        Options
	known    map[string]seen
	pending  map[string]map[string]time.Time // digests that nobody has accepted yet and when each was seen first, by path
	folders  time.Time                       // when folders were looked at last
	versions map[string]string               // of the rule files of each folder, when they were read last
}

// Open prepares a watch. Where an agent has watched before, what changed since is found, too.
func Open(o Options) *Watch {
	w := &Watch{o: o, known: map[string]seen{}, pending: map[string]map[string]time.Time{}, versions: map[string]string{}}
	b, _, err := safefile.Disk{}.ReadTrusted(filepath.Join(o.StateDir, seenFile), maxFile)
	if err != nil || json.Unmarshal(b, &w.known) != nil || w.known == nil {
		w.known = map[string]seen{}
	}
	return w
}

// Check looks at everything. rules returns the rule files by the folder that the configuration names.
func (w *Watch) Check(now time.Time, rules func() map[string][]string) {
	before := maps.Clone(w.known)
	for _, name := range w.o.Files {
		was, known := w.known[name]
		v, _ := safefile.Lstat(filepath.Join("/", w.o.Root, name))
		removed := v == safefile.FileVersion{} && was.Digest != "" // no version also means: look again
		if !known || removed || v != was.Version || w.pending[name] != nil {
			digest, v := digestOf(w.o.Root, name, maxProgram)
			w.note(name, seen{Digest: digest, Version: v}, now)
		}
	}
	if since := now.Sub(w.folders); since < 0 || since >= folderEvery {
		w.folders = now
		for name, files := range rules() {
			// Hundreds of rule files are read again only when one of them is another.
			if versions := folderVersions(w.o.Root, files); versions != w.versions[name] || w.pending[name] != nil {
				w.versions[name] = versions
				w.note(name, seen{Digest: folderDigest(w.o.Root, files)}, now)
			}
		}
	}
	w.settle(now)
	if !maps.Equal(before, w.known) {
		w.save()
	}
}

// note takes what a path holds now. What was never looked at is taken for right.
func (w *Watch) note(name string, is seen, now time.Time) {
	was, known := w.known[name]
	switch {
	case !known:
		list := readAccepted(w.o.StateDir)
		for i := range list {
			if list[i].What == name && list[i].Digest == is.Digest {
				is.Accepted = list[i].At
			}
		}
		w.known[name] = is
		return
	case is.Digest != was.Digest && w.pending[name] == nil:
		w.pending[name] = map[string]time.Time{}
	}
	if p := w.pending[name]; p != nil && is.Digest != was.Digest && p[is.Digest].IsZero() {
		p[is.Digest] = now
	}
	was.Version = is.Version
	if w.pending[name] != nil {
		was.Version = safefile.FileVersion{} // to be looked at again
	}
	w.known[name] = was
}

// settle reports what nobody has accepted in time.
func (w *Watch) settle(now time.Time) {
	var list []accepted // read once it is needed
	for name, digests := range w.pending {
		if list == nil {
			list = readAccepted(w.o.StateDir)
		}
		for _, digest := range slices.SortedFunc(maps.Keys(digests), func(a, b string) int { return digests[a].Compare(digests[b]) }) {
			since := digests[digest]
			was := w.known[name]
			by := acceptedAfter(list, name, digest, was.Accepted)
			waited := now.Sub(since)
			switch {
			case by >= 0:
				w.o.Log.Info().Str("file", name).Str("verb", list[by].Verb).Msg("the agent's own file was changed by a verb")
				was.Accepted = list[by].At
			case waited >= 0 && waited < patience:
				continue
			default:
				w.report(name, digest, since, now)
			}
			delete(digests, digest)
			was.Digest = digest
			w.known[name] = was
		}
		if len(digests) == 0 {
			delete(w.pending, name)
			if digest, v := digestOf(w.o.Root, name, maxProgram); slices.Contains(w.o.Files, name) && digest == w.known[name].Digest {
				w.known[name] = seen{digest, v, w.known[name].Accepted}
			}
		}
	}
}

// acceptedAfter returns the index of the first acceptance of a file's content after the one that counted
// last, -1 without one. The order of the list decides, not its times: clocks are set.
func acceptedAfter(list []accepted, name, digest string, last time.Time) int {
	from := 1 + slices.IndexFunc(list, func(a accepted) bool { return a.What == name && a.At.Equal(last) })
	by := slices.IndexFunc(list[from:], func(a accepted) bool { return a.What == name && a.Digest == digest })
	if by < 0 {
		return -1
	}
	return from + by
}

// report reports a change that nobody made who may.
func (w *Watch) report(name, digest string, since, now time.Time) {
	was := w.known[name].Digest
	what := "changed from sha256 " + shortDigest(was) + " to " + shortDigest(digest)
	switch {
	case was == "":
		what = "was made, with sha256 " + shortDigest(digest)
	case digest == "":
		what = "was removed"
	}
	detail := quote.Bounded(name, 200) + " " + what
	if v, err := safefile.Lstat(filepath.Join("/", w.o.Root, name)); err == nil {
		detail += fmt.Sprintf("; it belongs to user id %d, mode %04o, and was changed at %s", v.UID, v.Mode.Perm(), v.ChangeTime.UTC().Format(time.DateTime+"Z"))
	}
	reportMoment(w.o.Report, name, detail, since, now)
}

// reportMoment reports that something happened to a part of the agent.
func reportMoment(report health.Report, what, detail string, since, now time.Time) {
	c := health.Tampered.Of(what)
	report(c, detail+"; none of Hooksnare's verbs did that", true, since, time.Time{})
	report(c, "it happened once and does not last", false, since, now)
}

func shortDigest(digest string) string {
	if strings.HasPrefix(digest, "unreadable") {
		return "none, as it is " + quote.Bounded(digest, 100)
	}
	return cmp.Or(digest, "none")
}

func (w *Watch) save() {
	b, err := json.Marshal(w.known)
	if err == nil {
		err = w.o.Save(seenFile, b)
	}
	if err != nil {
		w.o.Log.Warn().Err(err).Msg("what the agent is made of is not kept for the next start")
	}
}

// folderDigest returns a digest of the names and contents of files.
func folderDigest(root string, files []string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(slices.Values(files)) {
		digest, _ := digestOf(root, name, maxFile)
		fmt.Fprintf(h, "%q %s\n", name, digest)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// folderVersions tells whether names, contents or owners of files may have changed: it differs then.
func folderVersions(root string, files []string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(slices.Values(files)) {
		v, _ := safefile.Lstat(filepath.Join("/", root, name))
		fmt.Fprintf(h, "%q %d %d %d %d %d %d\n", name, v.Dev, v.Inode, v.Size, v.Mode, v.ModTime.UnixNano(), v.ChangeTime.UnixNano())
	}
	return hex.EncodeToString(h.Sum(nil))
}
