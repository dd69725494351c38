package process

import (
	"hash/maphash"
	"strings"
	"unsafe"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

// Bounds of what is kept of one exec, in bytes and words. A rule sees all of it; what
// stays in memory for children and evidence is this much.
const (
	keptBytes = 2048
	keptWords = 128
	keptPath  = 1024 // PATH_MAX of macOS
)

// cacheSlots is the number of different strings, and of images, shared at a time;
// sharedBytes bounds each of them. What is shared is not charged to a process.
const (
	cacheSlots  = 2048
	sharedBytes = 512
)

// cache shares equal strings and images. A slot holds the last value that fell on it: it
// is bounded, never wrong, and of no use to someone who fills it on purpose. The zero
// value is not ready: its seed is made at the first use.
type cache struct {
	seed    maphash.Seed
	seeded  bool
	strings [cacheSlots]string
	images  [cacheSlots]*event.Image
}

func (c *cache) slot(b []byte) uint64 {
	if !c.seeded {
		c.seed, c.seeded = maphash.MakeSeed(), true
	}
	return maphash.Bytes(c.seed, b) % cacheSlots
}

// string returns b as a string, the shared one where there is one.
func (c *cache) string(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > sharedBytes {
		return string(b)
	}
	slot := &c.strings[c.slot(b)]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}

// image returns the program of a process.
func (c *cache) image(p *eslogger.Process) *event.Image {
	path, signing, team, hash := head(p.Executable), head(p.SigningID), head(p.TeamID), head(p.CDHash)
	if len(path)+len(signing)+len(team)+len(hash) > sharedBytes {
		return newImage(path, signing, team, hash, p)
	}
	slot := &c.images[(c.slot(path)+c.slot(hash))%cacheSlots]
	if i := *slot; i == nil || i.Executable != string(path) || i.SigningID != string(signing) ||
		i.TeamID != string(team) || i.CDHash != string(hash) || i.Flags != p.Flags || i.Platform != p.Platform {
		*slot = newImage(path, signing, team, hash, p)
	}
	return *slot
}

func newImage(path, signing, team, hash []byte, p *eslogger.Process) *event.Image {
	return &event.Image{
		Executable: string(path), SigningID: string(signing), TeamID: string(team),
		CDHash: string(hash), Flags: p.Flags, Platform: p.Platform,
	}
}

func imageCost(i *event.Image) int {
	if n := len(i.Executable) + len(i.SigningID) + len(i.TeamID) + len(i.CDHash); n > sharedBytes {
		return n + int(unsafe.Sizeof(*i))
	}
	return 0
}

func stringCost(s string) int {
	if len(s) > sharedBytes {
		return len(s)
	}
	return 0
}

// head returns as much of a path or an identifier as a Mac allows.
func head(b []byte) []byte { return b[:min(len(b), keptPath)] }

// exec returns the command of an exec message, whole and as much as is kept of it; they
// are the same where that is all.
func (c *cache) exec(m *eslogger.Message) (full, kept *event.Exec) {
	full = &event.Exec{
		Args: words(m.Args), ArgsCount: len(m.Args), Env: words(m.Env),
		WorkingDirectory: c.string(m.WorkingDirectory), Script: c.string(m.Script), DyldPath: c.string(m.DyldPath),
		Time: m.Time,
	}
	args, cutArgs := clip(m.Args)
	env, cutEnv := clip(m.Env)
	if !cutArgs && !cutEnv && len(full.WorkingDirectory) <= keptBytes && len(full.Script) <= keptBytes && len(full.DyldPath) <= keptBytes {
		return full, full
	}
	kept = &event.Exec{
		Args: words(args), ArgsCount: len(m.Args), Env: words(env),
		WorkingDirectory: cut(full.WorkingDirectory), Script: cut(full.Script), DyldPath: cut(full.DyldPath),
		Time: m.Time,
	}
	return full, kept
}

// words copies words into strings that share one allocation.
func words(list [][]byte) []string {
	if len(list) == 0 {
		return nil
	}
	n := 0
	for _, w := range list {
		n += len(w)
	}
	var all strings.Builder
	all.Grow(n)
	for _, w := range list {
		all.Write(w)
	}
	text, out := all.String(), make([]string, len(list))
	for i, w := range list {
		out[i], text = text[:len(w)], text[len(w):]
	}
	return out
}

// clip returns the first words within the bounds, the last of them perhaps in part.
func clip(list [][]byte) (kept [][]byte, isCut bool) {
	room := keptBytes
	for i, w := range list {
		if i == keptWords || len(w) > room {
			kept = append(kept, list[:i]...)
			if i < keptWords && room > 0 {
				kept = append(kept, w[:room])
			}
			return kept, true
		}
		room -= len(w)
	}
	return list, false
}

func cut(s string) string {
	if len(s) <= keptBytes {
		return s
	}
	return string([]byte(s[:keptBytes])) // a copy: the rest must not stay in memory
}
