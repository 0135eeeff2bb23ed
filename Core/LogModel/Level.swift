internal import ByteCoding
