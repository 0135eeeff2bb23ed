internal import Glibc

/// Numbers as `1.136e+00`.
enum ScientificText {
    /// With three digits behind the point and two of the exponent.
    static func text(_ number: Double) -> String {
        var exponent = number == 0 ? 0 : Int(log10(number.magnitude).rounded(.down))
        var mantissa = (number / power(of: 10, exponent) * 1_000).rounded()
        if mantissa >= 10_000 {
            mantissa /= 10
            exponent += 1
        } else if mantissa < 1_000, number != 0 {
            mantissa = (number / power(of: 10, exponent - 1) * 1_000).rounded()
            exponent -= 1
        }
        let digits = String(Int(mantissa))
        let size = exponent.magnitude
        return digits.prefix(1) + "." + digits.dropFirst() + "e" + (exponent < 0 ? "-" : "+") + (size < 10 ? "0" : "")
            + String(size)
    }

    static func power(of base: Double, _ exponent: Int) -> Double { pow(base, Double(exponent)) }

    static func root(of number: Double, _ degree: Int) -> Double { pow(number, 1 / Double(degree)) }
}
