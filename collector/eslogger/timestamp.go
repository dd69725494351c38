package eslogger

import "time"

// timestamp reads a time as eslogger writes it: UTC, with any number of digits of a
// second's fraction up to nine. Any other RFC 3339 form takes the slow way.
func timestamp(b []byte) (time.Time, bool) {
	const seconds = len("2006-01-02T15:04:05")
	if len(b) < seconds+1 || len(b) > seconds+11 || b[len(b)-1] != 'Z' ||
		b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return slowTimestamp(b)
	}
	century, ok1 := two(b[0:])
	year, ok2 := two(b[2:])
	month, ok3 := two(b[5:])
	day, ok4 := two(b[8:])
	hour, ok5 := two(b[11:])
	minute, ok6 := two(b[14:])
	second, ok7 := two(b[17:])
	year += century * 100
	if year < 1 || !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7) || month < 1 || month > 12 || day < 1 || day > 28 ||
		hour > 23 || minute > 59 || second > 59 {
		return slowTimestamp(b) // also the last days of a month
	}
	nanos := 0
	if fraction := b[seconds : len(b)-1]; len(fraction) > 0 {
		if fraction[0] != '.' || len(fraction) == 1 {
			return slowTimestamp(b)
		}
		for i := 1; i < 10; i++ {
			digit := 0
			if i < len(fraction) {
				if digit = int(fraction[i] - '0'); digit > 9 {
					return slowTimestamp(b)
				}
			}
			nanos = nanos*10 + digit
		}
	}
	days := daysBefore(year, month) + day - 1
	return time.Unix(int64(days)*86400+int64(hour*3600+minute*60+second), int64(nanos)).UTC(), true
}

// daysBefore returns the days from 1970 to the first of a month, in the Gregorian
// calendar. time.Date knows them too, and normalises and looks zones up besides.
func daysBefore(year, month int) int {
	if month <= 2 { // years begin in March here, so that the leap day is the last
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 - 719468
}

func two(b []byte) (int, bool) {
	tens, units := b[0]-'0', b[1]-'0'
	return int(tens)*10 + int(units), tens <= 9 && units <= 9
}

func slowTimestamp(b []byte) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, string(b))
	return t.UTC(), err == nil
}
