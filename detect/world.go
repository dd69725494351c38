package detect

import (
	"strconv"

	"hooksnare/pkg/event"
)

// World answers what rules ask about an event that the event itself does not say. What is
// not set is not known. The answers are for the goroutine of the engine.
type World struct {
	HostID, Hostname          string
	Architecture, OSVersion   string
	UserName, GroupName, Home func(id uint32) string
	Entity                    func(to []byte, key event.Key) []byte // appends process.entity_id
	Lookup                    func(event.Key) *event.Process        // nil if not known
	Ancestors                 func(*event.Process) []*event.Process // the parent first
}

// unknownWorld answers for a record that is of no engine.
var unknownWorld = World{}.withDefaults()

// withDefaults returns a world that can be asked everything.
func (w World) withDefaults() World {
	for _, names := range []*func(uint32) string{&w.UserName, &w.GroupName, &w.Home} {
		if *names == nil {
			*names = func(uint32) string { return "" }
		}
	}
	if w.Entity == nil { // a process's key is unique on one boot of one host
		w.Entity = func(to []byte, key event.Key) []byte {
			to = strconv.AppendInt(to, int64(key.PID), 10)
			return strconv.AppendUint(append(to, '.'), uint64(key.Version), 10)
		}
	}
	if w.Lookup == nil {
		w.Lookup = func(event.Key) *event.Process { return nil }
	}
	if w.Ancestors == nil {
		w.Ancestors = func(*event.Process) []*event.Process { return nil }
	}
	return w
}
