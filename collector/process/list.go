package process

// list is a queue of entries, oldest first; an entry leaves from anywhere.
type list struct {
	first, last *entry
	len         int
}

func (l *list) push(e *entry) {
	e.on, e.prev, e.next = l, l.last, nil
	if l.last != nil {
		l.last.next = e
	} else {
		l.first = e
	}
	l.last = e
	l.len++
}

func (l *list) remove(e *entry) {
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		l.first = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		l.last = e.prev
	}
	e.on, e.prev, e.next = nil, nil, nil
	l.len--
}
