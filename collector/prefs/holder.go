package prefs

import "hooksnare/pkg/event"

// holder is the owner of a file or a folder. Its zero value is that it is not known.
type holder struct {
	uid   uint32
	known bool
}

// id returns the owner's id, event.None if it is not known.
func (h holder) id() uint32 {
	if !h.known {
		return event.None
	}
	return h.uid
}

// pointer returns the owner's id, nil if it is not known.
func (h holder) pointer() *uint32 {
	if !h.known {
		return nil
	}
	return &h.uid
}

func holderAt(uid *uint32) holder {
	if uid == nil {
		return holder{}
	}
	return holder{*uid, true}
}

// or returns h, or other if h is not known.
func (h holder) or(other holder) holder {
	if !h.known {
		return other
	}
	return h
}

// hands are in whose hands a file is: who could have written it beside root.
type hands struct{ file, folder holder }

// or fills what is not known.
func (h hands) or(other hands) hands {
	return hands{h.file.or(other.file), h.folder.or(other.folder)}
}

// holder returns the owner of what was looked at. Whoever owns the folder that plays the
// root folder plays root.
func (d *disk) holder(uid uint32) holder {
	if d.root != "" && uid == d.owner {
		uid = 0
	}
	return holder{uid, true}
}

// holderOf is holder for what a stat says; it is not known of none.
func (d *disk) holderOf(st stamp) holder {
	if st == (stamp{}) {
		return holder{}
	}
	return d.holder(st.uid)
}
