  (func $collatz (;4;) (type 4) (param i64 i64) (result i64)
    (local i64)
    loop ;; label = @1
      local.get 0
      i64.const 1
      i64.ne
      if ;; label = @2
        local.get 0
        i64.const 2
        i64.shl
        i64.const 2
        i64.shr_s
        local.get 0
        i64.ne
        (@metadata.code.branch_hint "\00")
        if ;; label = @3
          local.get 0
          i64.const 2
          i32.const 0
          i32.const 5
          call $runtime.int_rem_slow
          local.set 2
        else
          local.get 0
          i64.const 2
          i64.rem_s
          local.set 2
        end
        local.get 2
        i64.eqz
        if ;; label = @3
          local.get 0
          i64.const 2
          i64.shl
          i64.const 2
          i64.shr_s
          local.get 0
          i64.ne
          (@metadata.code.branch_hint "\00")
          if ;; label = @4
            local.get 0
            i64.const 2
            i32.const 1
            i32.const 5
            call $runtime.int_div_slow
            local.set 0
          else
            local.get 0
            i64.const 2
            i64.div_s
            local.set 0
          end
          local.get 1
          i64.const 1
          i64.add
          local.tee 2
          i64.const 2
          i64.shl
          i64.const 2
          i64.shr_s
          local.get 2
          i64.eq
          (@metadata.code.branch_hint "\01")
          if ;; label = @4
            local.get 2
            local.set 1
            br 3 (;@1;)
          end
          local.get 1
          i64.const 1
          i32.const 1
          call $runtime.int_add_slow
          local.set 1
          br 2 (;@1;)
        end
        local.get 0
        i64.const 2
        i64.shl
        i64.const 2
        i64.shr_s
        local.get 0
        i64.ne
        (@metadata.code.branch_hint "\00")
        if ;; label = @3
          local.get 0
          i64.const 3
          i32.const 0
          i32.const 6
          call $runtime.int_rem_slow
          local.set 2
        else
          local.get 0
          i64.const 3
          i64.rem_s
          local.set 2
        end
        local.get 2
        i64.eqz
        if ;; label = @3
          i32.const 1291
          i32.const 18
          call $runtime.write_stdout
          call $runtime.print_newline
        end
        local.get 0
        i64.const 2
        i64.shl
        i64.const 2
        i64.shr_s
        local.get 0
        i64.ne
        (@metadata.code.branch_hint "\00")
        if ;; label = @3
          local.get 0
          i64.const 5
          i32.const 0
          i32.const 7
          call $runtime.int_rem_slow
          local.set 2
        else
          local.get 0
          i64.const 5
          i64.rem_s
          local.set 2
        end
        local.get 2
        i64.eqz
        if ;; label = @3
          i32.const 1309
          i32.const 17
          call $runtime.write_stdout
          call $runtime.print_newline
        end
        local.get 0
        i64.const 3
        i64.mul
        local.set 2
        local.get 0
        i64.const 4
        i64.shl
        i64.const 4
        i64.shr_s
        local.get 0
        i64.ne
        (@metadata.code.branch_hint "\00")
        if ;; label = @3
          i64.const 3
          local.get 0
          i32.const 2
          call $runtime.int_mul_slow
          local.set 2
        end
        local.get 2
        i64.const 1
        i64.add
        local.tee 0
        i64.const 2
        i64.shl
        i64.const 2
        i64.shr_s
        local.get 0
        i64.ne
        (@metadata.code.branch_hint "\00")
        if ;; label = @3
          local.get 2
          i64.const 1
          i32.const 1
          call $runtime.int_add_slow
          local.set 0
        end
        local.get 1
        i64.const 1
        i64.add
        local.tee 2
        i64.const 2
        i64.shl
        i64.const 2
        i64.shr_s
        local.get 2
        i64.eq
        (@metadata.code.branch_hint "\01")
        if ;; label = @3
          local.get 2
          local.set 1
          br 2 (;@1;)
        end
        local.get 1
        i64.const 1
        i32.const 1
        call $runtime.int_add_slow
        local.set 1
        br 1 (;@1;)
      end
    end
    local.get 0
    i64.const 2
    i64.shl
    i64.const 2
    i64.shr_s
    local.get 0
    i64.ne
    (@metadata.code.branch_hint "\00")
    if ;; label = @1
      local.get 0
      call $runtime.int_release
    end
    local.get 1
  )
