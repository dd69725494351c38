package process

import "hooksnare/pkg/event"

// Bounds of the memory of recent commands.
const (
	recentUsers    = 32
	recentCommands = 64        // of a user
	recentBytes    = 128 << 10 // of a user's commands, which may outlive their place in the table
)

// recent remembers what each user ran lately.
type recent struct {
	users map[uint32]*history
	clock uint64
}

// history is the commands of one user, oldest first.
type history struct {
	commands []*entry
	bytes    int
	used     uint64 // when last, by the clock
}

func newRecent() recent { return recent{users: map[uint32]*history{}} }

func (r *recent) add(e *entry) {
	user := e.User()
	h := r.users[user]
	if h == nil {
		if len(r.users) >= recentUsers {
			r.forget()
		}
		h = new(history)
		r.users[user] = h
	}
	r.clock++
	h.used = r.clock
	h.commands = append(h.commands, e)
	h.bytes += e.cost
	n := 0
	for len(h.commands)-n > recentCommands || h.bytes > recentBytes && n < len(h.commands)-1 {
		h.bytes -= h.commands[n].cost
		n++
	}
	clear(h.commands[:n]) // the slice moves on, its memory must not hold them
	h.commands = h.commands[n:]
}

// forget drops the user who was quiet the longest.
func (r *recent) forget() {
	var oldest uint32
	used := ^uint64(0)
	for user, h := range r.users {
		if h.used < used {
			oldest, used = user, h.used
		}
	}
	delete(r.users, oldest)
}

func (r *recent) of(user uint32) []*event.Process {
	h := r.users[user]
	if h == nil {
		return nil
	}
	out := make([]*event.Process, len(h.commands))
	for i, e := range h.commands {
		out[i] = &e.Process
	}
	return out
}
