package baseline

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRecent compares with a list that is kept in order by moving its elements.
func TestRecent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	r := newRecent[int]()
	var order []digest // oldest first
	value := map[digest]int{}
	for step := range 20_000 {
		key := digest{byte(random.IntN(20))}
		at := slices.Index(order, key)
		switch got := r.use(key); {
		case (got != nil) != (at >= 0), got != nil && *got != value[key]:
			t.Fatalf("step %d: key %d: got %v, want it at %d with %d", step, key[0], got, at, value[key])
		case at >= 0:
			order = append(slices.Delete(order, at, at+1), key)
		default:
			*r.add(key) = step
			value[key] = step
			order = append(order, key)
		}
		for random.IntN(3) == 0 && len(order) > 0 {
			if got := *r.last(); got != value[order[0]] {
				t.Fatalf("step %d: last: got %d, want %d", step, got, value[order[0]])
			}
			r.dropLast()
			order = order[1:]
		}
		var got []digest
		for key := range r.all {
			got = append(got, key)
		}
		if !slices.Equal(got, order) || r.len() != len(order) {
			t.Fatalf("step %d: got %v (%d), want %v", step, got, r.len(), order)
		}
	}
	if len(r.slots) > 20 {
		t.Errorf("got %d places for at most 20 entries, want them used again", len(r.slots))
	}
	for r.len() > 0 {
		r.dropLast()
	}
	if r.last() != nil {
		t.Error("got a last entry of none")
	}
}

func TestCombinations(t *testing.T) {
	long := make([]string, 60)
	for i := range long {
		long[i] = string(rune('a' + i))
	}
	for _, c := range []struct {
		name  string
		lists [][]string
		want  int
		more  bool
		first string
		last  string
	}{
		{"none", nil, 1, false, "", ""},
		{"one", [][]string{{"a"}}, 1, false, "a", "a"},
		{"product", [][]string{{"a", "b"}, {"c"}, {"d", "e", "f"}}, 6, false, "acd", "bcf"},
		{"missing", [][]string{{"a"}, {}}, 0, false, "", ""},
		{"at the bound", [][]string{long[:10], long[:10]}, 100, false, "aa", "jj"},
		{"over the bound", [][]string{long, {"1", "2"}}, 100, true, "a1", string(rune('a'+49)) + "2"},
		{"too many fields", make([][]string, maxFields+1), 0, false, "", ""},
	} {
		var got []string
		more := combinations(c.lists, func(values []string) {
			s := ""
			for _, v := range values {
				s += v
			}
			got = append(got, s)
		})
		if len(got) != c.want || more != c.more {
			t.Errorf("%s: got %d, more %v, want %d, %v", c.name, len(got), more, c.want, c.more)
		} else if c.want > 0 && (got[0] != c.first || got[len(got)-1] != c.last) {
			t.Errorf("%s: got %q to %q, want %q to %q", c.name, got[0], got[len(got)-1], c.first, c.last)
		}
	}
}

// TestDigest looks for combinations that run together.
func TestDigest(t *testing.T) {
	var d digester
	seen := map[digest][]string{}
	for _, values := range [][]string{nil, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"b", "a"}, {"ab", ""}, {"", "ab"}, {"\x01a"}, {"a\x01b"}} {
		key := d.of(values...)
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q: got the same digest", values, other)
		}
		seen[key] = values
	}
	d.of(string(make([]byte, 10*maxBuffer)))
	if cap(d.buffer) > maxBuffer {
		t.Errorf("got a buffer of %d bytes kept, want at most %d", cap(d.buffer), maxBuffer)
	}
}
