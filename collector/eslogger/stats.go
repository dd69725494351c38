package eslogger

import "hooksnare/pkg/event"

// Stats are counts since [New]. They never go down.
type Stats struct {
	Lines     uint64 // complete lines within the bound
	Malformed uint64 // of these, could not be decoded
	TooLong   uint64 // lines over the bound, passed over

	Exec, Fork, Exit, Other uint64 // messages by kind

	Odd     uint64 // members of an unknown type, see [Message]
	Unusual uint64 // messages that lack what their kind is read for, Odd ones among them

	Dropped uint64 // events missing in the numbering, those on unread lines among them
	Jumps   uint64 // steps of the numbering too large to be a loss; not in Dropped
	Streams uint64 // numberings begun: one for each eslogger that delivered, or more

	Starts  uint64 // times eslogger was started
	Exits   uint64 // times it ended without being asked to
	Replace uint64 // times it was ended because it was silent

	Cuts    uint64 // ends of output in the middle of a line
	LastCut uint64 // bytes of the last such line

	CanariesSent   uint64 // canaries run or tried
	CanariesFailed uint64 // of these, could not be run
	CanariesSeen   uint64 // canaries reported by eslogger

	StderrLines uint64 // lines eslogger wrote to its standard error
}

// message counts one decoded message.
func (s *Stats) message(m *Message) {
	switch m.Kind {
	case event.ExecKind:
		s.Exec++
	case event.Fork:
		s.Fork++
	case event.Exit:
		s.Exit++
	default:
		s.Other++
	}
	s.Odd += uint64(max(m.Odd, 0))
}
