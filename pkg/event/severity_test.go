package event

import "testing"

func TestSeverity(t *testing.T) {
	for s, want := range map[Severity]int{Low: 21, Medium: 47, High: 73, Critical: 99, "": 0, "LOW": 0} {
		if got := s.Number(); got != want {
			t.Errorf("%q: got %d, want %d", s, got, want)
		}
	}
	for number, want := range map[int]Severity{-1: Low, 0: Low, 21: Low, 46: Low, 47: Medium, 72: Medium, 73: High, 98: High, 99: Critical, 100: Critical} {
		if got := SeverityOf(number); got != want {
			t.Errorf("%d: got %s, want %s", number, got, want)
		}
	}
	if got := Severities(); len(got) != 4 || got[0] != "low" || got[3] != "critical" {
		t.Errorf("got %v, want low to critical", got)
	}
}
