package detect

import "hooksnare/pkg/event"

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

// oneHost stands for what is not known of the host: all events are of one, so that a rule
// that groups by it works in a recording, too.
const oneHost = "unknown"

func (w *World) hostID() string {
	if w == nil || w.HostID == "" {
		return oneHost
	}
	return w.HostID
}

func (w *World) hostname() string {
	if w == nil || w.Hostname == "" {
		return oneHost
	}
	return w.Hostname
}

func (w *World) userName(id uint32) string {
	if w == nil || w.UserName == nil {
		return ""
	}
	return w.UserName(id)
}

func (w *World) groupName(id uint32) string {
	if w == nil || w.GroupName == nil {
		return ""
	}
	return w.GroupName(id)
}

func (w *World) home(id uint32) string {
	if w == nil || w.Home == nil {
		return ""
	}
	return w.Home(id)
}

// entity appends what no other process of any host has.
func (w *World) entity(to []byte, key event.Key) []byte {
	if w == nil || w.Entity == nil {
		return appendKey(to, key)
	}
	return w.Entity(to, key)
}

// responsible returns the process that macOS holds responsible for another, nil where that
// is the process itself or not known.
func (w *World) responsible(p *event.Process) *event.Process {
	if w == nil || w.Lookup == nil || p.Responsible.PID == 0 || p.Responsible.PID == p.Token.PID {
		return nil
	}
	return w.Lookup(p.Responsible)
}

func (w *World) ancestors(p *event.Process) []*event.Process {
	if w == nil || w.Ancestors == nil {
		return nil
	}
	return w.Ancestors(p)
}
